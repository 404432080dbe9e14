# What quickstart.sh and test.sh have in common; sourced by them from the top of the checkout.
# need PACKAGE...: installs the Debian packages that are missing, as root or through sudo; elsewhere says what to do.

need() {
    if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
        echo "Not a Debian or Ubuntu system: nothing is installed. Wanted, under their Debian names: $*"
        return 0
    fi
    missing=
    for package in "$@"; do
        case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        *" installed") ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null 2>&1; then
            as_root=sudo
        else
            echo "Neither root nor sudo here; ask for:$missing"
            echo "Going on without them."
            return 0
        fi
    fi
    echo "Installing:$missing"
    $as_root apt-get update -q >/dev/null || echo "apt-get update failed; trying with the lists that are here"
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null ||
        { echo "apt-get could not install:$missing" >&2; return 1; }
}

# Packages to build the library and the command; an OpenCL driver for the CPU, so that there always is a device.
BUILD_PACKAGES="gcc g++ libc6-dev cmake ninja-build pkg-config opencl-headers libjansson-dev libxxhash-dev"
# To read ONNX files.
ONNX_PACKAGES="libprotobuf-c-dev protobuf-c-compiler libonnx-dev"
DEVICE_PACKAGES="ocl-icd-libopencl1 pocl-opencl-icd"
# Native libraries that the benchmarks are held against.
PEER_PACKAGES="libopenblas0-pthread libblis4-pthread libdnnl-dev libclblast1"
# What the tests use beside: cmocka, ONNX's own cases, interop through the real OpenCL library.
TEST_PACKAGES="libcmocka-dev libonnx-testdata ocl-icd-opencl-dev binutils"
# What the long tests use beside.
LONG_PACKAGES="oclgrind mesa-opencl-icd clang"
# Compilers of devices that are not here; not every system has them, and the tests say which are missing.
OFFLINE_PACKAGES="clang-19 libclc-15 clang-15 libamdhip64-5 rocm-device-libs llvm-spirv-15"
