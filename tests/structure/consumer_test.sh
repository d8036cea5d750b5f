#!/bin/sh
# Installs the build tree into a scratch prefix and builds and runs examples/consumer against it.
# Usage: consumer_test.sh SOURCE_DIR BUILD_DIR CXX_FLAGS
set -eu
source=$1 build=$2 flags=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" > "$work/log"
cmake -S "$source/examples/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_FLAGS="$flags" >> "$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >> "$work/log" || { cat "$work/log"; exit 1; }
ROOFLINE_HARDWARE_PATH="$work/prefix/share/onnx-roofline/hardware_profiles" \
  "$work/build/consumer" "$source/models/resnet50.onnx" v100 | tee "$work/out"
grep -q '^4089184256 MACs, .* compute-bound$' "$work/out"
"$work/prefix/bin/roofline" hardware list | grep -q v100
