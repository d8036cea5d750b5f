#!/bin/sh
# Installs the build tree into a scratch prefix, builds the examples against it and runs them.
# Usage: consumer_test.sh SOURCE_DIR BUILD_DIR CXX CXX_FLAGS
set -eu
source=$1 build=$2 flags=$4
export CXX=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" > "$work/log"
for example in consumer search; do
  cmake -S "$source/examples/$example" -B "$work/$example" -G Ninja \
    -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_FLAGS="$flags" >> "$work/log" &&
    cmake --build "$work/$example" >> "$work/log" || { cat "$work/log"; exit 1; }
done
export ROOFLINE_HARDWARE_PATH="$work/prefix/share/onnx-roofline/hardware_profiles"
model=$source/models/resnet50.onnx
"$work/consumer/consumer" "$model" v100 | tee "$work/out"
grep -q '^4089184256 MACs, .* compute-bound$' "$work/out"
"$work/search/search" "$model" v100 1 | tee "$work/out"
grep -q '^328 candidates, ' "$work/out"
# Every one of the largest is within the millisecond.
awk 'NR > 2 && !($4 > 0 && $4 <= 1) { bad = 1 } END { exit bad || NR < 10 }' "$work/out"
unset ROOFLINE_HARDWARE_PATH
"$work/prefix/bin/roofline" hardware list > "$work/out"
grep -q v100 "$work/out"
