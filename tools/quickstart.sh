#!/bin/sh
# From a fresh Debian or Ubuntu to a first result: installs what is missing, builds, finds the devices, runs the main
# benchmark on each kind of work, and leaves report.html. Takes no arguments.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

# shellcheck disable=SC2086
need $BUILD_PACKAGES $ONNX_PACKAGES $DEVICE_PACKAGES $PEER_PACKAGES
cmake --preset release -DARETE_TESTS=OFF >/dev/null
cmake --build --preset release
arete=build/release/bin/arete

echo
"$arete" devices
echo
"$arete" bench --time 0.5 --against openblas,blis,onednn --html report.html \
    "matmul m=512 n=512 k=512" "matmul m=1024 n=1024 k=1024" "matmul m=2048 n=2048 k=2048" \
    "matmul m=128 n=3072 k=768 tb=1 bias=col act=gelu_erf prepack=1" \
    "matmul m=1 n=4096 k=4096 prepack=1" "matmul m=1 n=4096 k=4096 b=f16 prepack=1" \
    "matmul m=1 n=4096 k=4096 b=i8 bscale=each prepack=1"
echo
echo "The report is in $(pwd)/report.html. Next: $arete bench --help, $arete selftest, README.md."
