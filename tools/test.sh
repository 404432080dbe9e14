#!/bin/sh
# Installs what is missing, builds with warnings as errors, runs the tests.
#   sh tools/test.sh            the default tests (under 10 minutes on 2 cores)
#   sh tools/test.sh long       the long ones: full conformance, two devices, other drivers, oclgrind
#   sh tools/test.sh sanitize   the default tests under ASan+UBSan, then the threaded ones under TSan
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
what=${1:-default}

# shellcheck disable=SC2086
case $what in
default | sanitize) need $BUILD_PACKAGES $ONNX_PACKAGES $DEVICE_PACKAGES $PEER_PACKAGES $TEST_PACKAGES ;;
long)
    need $BUILD_PACKAGES $ONNX_PACKAGES $DEVICE_PACKAGES $PEER_PACKAGES $TEST_PACKAGES $LONG_PACKAGES
    for package in $OFFLINE_PACKAGES; do need "$package" || echo "Going on without $package"; done
    ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

# PRESET CTEST-ARGUMENTS...
build_and_test() {
    preset=$1
    shift
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset"
    ctest --preset "$preset" "$@"
}

case $what in
default) build_and_test dev -LE long ;;
long) build_and_test release ;;
sanitize)
    build_and_test asan -LE "long|timing"
    build_and_test tsan -L threads
    ;;
esac
