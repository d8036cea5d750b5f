#!/bin/sh
# Makes the Debian package, unpacks it and runs what is in it, away from the source tree.
# Usage: package_test.sh SOURCE_DIR BUILD_DIR
set -eu
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "package_test: $*"; exit 1; }

cpack --config "$build/CPackConfig.cmake" -B "$work" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
package=$(ls "$work"/onnx-roofline_*.deb)
dpkg-deb --field "$package" Package Version Section Depends Description
for library in libc6 libfmt libprotobuf libyaml-cpp; do
  dpkg-deb --field "$package" Depends | grep -q "$library" || fail "does not depend on $library"
done

root=$work/elsewhere
dpkg-deb --extract "$package" "$root"
run() { env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$root/usr/bin/roofline" "$@"; }
cp "$source/models/resnet50.onnx" "$work"
cd "$work"
run analyze resnet50.onnx --hardware v100 --top 3 > out || fail "analyze failed"
grep -q 'V100' out || fail "no V100 in the report"
# Its own machines and defaults, not those of the source tree.
run hardware show v100 > out
grep -qx "file    $root/usr/share/onnx-roofline/hardware_profiles/v100.yaml" out || { cat out; fail "another v100"; }
run --version > out
grep -qx "  machines  [0-9]* in $root/usr/share/onnx-roofline/hardware_profiles" out || { cat out; fail "other machines"; }
run analyze resnet50.onnx --hardware v100 --runtime tensorrt --precision fp16 > out
grep -q '^  calibration  *tensorrt' out || { cat out; fail "no default calibration"; }
if grep -q "$source" "$root/usr/bin/roofline"; then fail "the source tree's path is in the program"; fi

share=$root/usr/share
grep -q 'Apache License' "$share/doc/onnx-roofline/copyright" || fail "no licence"
bash -n "$share/bash-completion/completions/roofline" || fail "completion of bash"
for file in zsh/vendor-completions/_roofline fish/vendor_completions.d/roofline.fish; do
  grep -q v100 "$share/$file" || fail "$file does not complete machines"
done
[ ! -e "$root/usr/include" ] || fail "headers of a library that is not in the package"
