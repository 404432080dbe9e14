#!/bin/sh
# From a fresh Debian or Ubuntu to a first result: installs what is missing, builds, finds the devices, runs the main
# benchmark on each kind of work, and leaves report.html. Takes no arguments.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

# shellcheck disable=SC2086
need $BUILD_PACKAGES $DEVICE_PACKAGES $PEER_PACKAGES
cmake --preset release -DARETE_TESTS=OFF >/dev/null
cmake --build --preset release
arete=build/release/bin/arete

echo
"$arete" devices
echo
"$arete" bench matmul:quick --time 0.5 --against openblas,blis,onednn --html report.html
echo
echo "The report is in $(pwd)/report.html. Next: $arete bench --help, $arete selftest, README.md."
