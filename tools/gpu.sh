#!/bin/sh
# Runs Arete on a machine with a GPU that has neither network nor development packages, in one call.
#
#   sh tools/gpu.sh pack            where Arete was built (preset release): puts all that the other machine needs into
#                                   build/gpu: the command, its helper, the libraries both link, an ICD loader (30 MB)
#   sh tools/gpu.sh [STEP...]       there, with this checkout and build/gpu: runs the steps, all by default:
#       info       what the machine is: GPU, driver, libraries, arete devices
#       selftest   arete selftest, every solver against the reference, through hip and opencl
#       probe      arete probe through both
#       bench      arete bench of the cases of tools/gpu_torch.py through both
#       torch      PyTorch (cuBLAS, cuDNN, TF32 off) on the same cases, where there is PyTorch
#       complete   arete selftest --long through hip
#
# OUT (default ./gpu-results) gets a log a step, JSON of every measurement, versions.json and summary.txt. A step that
# fails or takes too long leaves the others alone. SECONDS_IN_ALL (default 570) ends it all; a step gets what is left at
# most. DEVICES (default hip:0, and NVIDIA's OpenCL where info finds it) are the devices of selftest, probe and bench:
# "opencl:0" rehearses them without a GPU. ARETE_NVRTC_LIBRARY is looked for (CUDA toolkit, PyTorch's wheels) unless it
# is set. Exit status 0: all passed.
set -u
cd "$(dirname "$0")/.."
pack=$(pwd)/build/gpu

make_pack() {
    release=build/release/bin
    [ -x $release/arete ] && [ -x $release/arete-compile ] ||
        { echo "build first: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
    rm -rf "$pack"
    mkdir -p "$pack/lib"
    cp $release/arete $release/arete-compile "$pack/"
    strip "$pack/arete" "$pack/arete-compile" 2> /dev/null
    # The C library too: that of the other machine may be older.
    for program in $release/arete $release/arete-compile; do
        ldd $program | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\) .*/\1/p'
    done | sort -u | while read -r library; do cp -L "$library" "$pack/lib/"; done
    for library in /usr/lib/*/libOpenCL.so.1 /usr/lib64/libOpenCL.so.1; do
        [ -e "$library" ] && cp -L "$library" "$pack/lib/libOpenCL.so.1"
    done
    echo "packed: $(du -sh "$pack" | cut -f 1) in build/gpu; carry it with the checkout"
}
[ "${1:-}" = pack ] && { make_pack; exit 0; }

out=${OUT:-$(pwd)/gpu-results}
mkdir -p "$out/vendors" || exit 2
out=$(cd "$out" && pwd)
summary=$out/summary.txt
start=$(date +%s)
in_all=${SECONDS_IN_ALL:-570}
failures=0
say() { echo "$@" | tee -a "$summary"; }
left() { echo $((in_all - $(date +%s) + start)); }

# step NAME SECONDS COMMAND...: its output in NAME.log, and a line in the summary.
step() {
    name=$1 most=$2
    shift 2
    [ "$(left)" -lt "$most" ] && most=$(left)
    if [ "$most" -lt 5 ]; then
        say "left out  $name: time is up"
        failures=$((failures + 1))
        return 1
    fi
    began=$(date +%s)
    timeout -k 5 "$most" "$@" > "$out/$name.log" 2>&1 < /dev/null
    code=$?
    took=$(($(date +%s) - began))
    case $code in
    0) say "done      $name (${took} s)" ;;
    124 | 137) say "too long  $name (${took} s; $name.log has what it said)" ;;
    *) say "failed    $name (${took} s, exit status $code): $(grep -v '^ *$' "$out/$name.log" | tail -n 1 | cut -c 1-200)" ;;
    esac
    [ $code = 0 ] || failures=$((failures + 1))
    return $code
}

# ---- the command ----
prepare_command() {
    export ARETE_CACHE_DIR="$out/cache" ARETE_TUNING_DIR="$out/tuning"
    if [ ! -x "$pack/arete" ] && [ -x build/release/bin/arete ]; then
        arete=$(pwd)/build/release/bin/arete
        return 0
    fi
    if [ -x "$pack/arete" ] && LD_LIBRARY_PATH=$pack/lib:${LD_LIBRARY_PATH:-} "$pack/arete" --version > /dev/null 2>&1 &&
        ! "$pack/arete" --version 2>&1 | grep -q "GLIBC_"; then
        mkdir -p "$out/bin/extra"
        # Of the packed libraries only what the machine lacks: its own C library serves.
        for library in "$pack"/lib/*; do
            case $library in */libc.so* | */libm.so* | */ld-linux* | */libpthread* | */libdl* | */libgcc*) ;; *) cp "$library" "$out/bin/extra/" ;; esac
        done
        export LD_LIBRARY_PATH="$out/bin/extra:${LD_LIBRARY_PATH:-}"
        arete=$pack/arete
        "$arete" --version > /dev/null 2>&1 && return 0
    fi
    # An older C library: ours, by its own loader; the helper through a script.
    loader=$(ls "$pack"/lib/ld-linux* 2> /dev/null | head -n 1)
    [ -n "$loader" ] || return 1
    mkdir -p "$out/bin"
    for program in arete arete-compile; do
        printf '#!/bin/sh\nexec "%s" --library-path "%s:%s" "%s" "$@"\n' "$loader" "$pack/lib" \
            "/usr/lib/x86_64-linux-gnu:/usr/lib64:/usr/local/nvidia/lib64:/usr/local/cuda/lib64:${LD_LIBRARY_PATH:-}" \
            "$pack/$program" > "$out/bin/$program"
        chmod +x "$out/bin/$program"
    done
    export ARETE_COMPILE_HELPER="$out/bin/arete-compile"
    arete=$out/bin/arete
    "$arete" --version > /dev/null 2>&1
}

# First file that exists of the patterns given.
first() {
    for file in "$@"; do [ -e "$file" ] && { echo "$file"; return; }; done
}

python=$(command -v python3 || command -v python || echo none)
find_libraries() {
    sites=$("$python" -c 'import site, sys; print(" ".join(site.getsitepackages() + [site.getusersitepackages()]))' 2> /dev/null)
    if [ -z "${ARETE_NVRTC_LIBRARY:-}" ]; then
        nvrtc=$(ldconfig -p 2> /dev/null | sed -n 's/.*libnvrtc\.so\.[0-9]* .*=> //p' | head -n 1)
        [ -n "$nvrtc" ] || nvrtc=$(first /usr/local/cuda/lib64/libnvrtc.so.[0-9]* /usr/local/cuda*/lib64/libnvrtc.so.[0-9]* \
            /usr/local/cuda*/targets/*/lib/libnvrtc.so.[0-9]* /opt/conda/lib/libnvrtc.so.[0-9]*)
        for site in $sites; do
            [ -n "$nvrtc" ] || nvrtc=$(first "$site"/nvidia/cu*/lib/libnvrtc.so.[0-9]* "$site"/nvidia/cuda_nvrtc/lib/libnvrtc.so.[0-9]*)
        done
        [ -n "$nvrtc" ] && export ARETE_NVRTC_LIBRARY="$nvrtc"
    fi
    # NVIDIA's OpenCL is part of the driver, but often not registered.
    if ! ls /etc/OpenCL/vendors/*nvidia*.icd > /dev/null 2>&1; then
        opencl=$(ldconfig -p 2> /dev/null | sed -n 's/.*libnvidia-opencl\.so\.1 .*=> //p' | head -n 1)
        [ -n "$opencl" ] || opencl=$(first /usr/lib/x86_64-linux-gnu/libnvidia-opencl.so.1 /usr/lib64/libnvidia-opencl.so.1 \
            /usr/local/nvidia/lib64/libnvidia-opencl.so.1 /usr/lib/*/libnvidia-opencl.so.[0-9]*)
        if [ -n "$opencl" ]; then
            echo "$opencl" > "$out/vendors/nvidia.icd"
            for icd in /etc/OpenCL/vendors/*.icd; do [ -e "$icd" ] && cp "$icd" "$out/vendors/"; done
            export OCL_ICD_VENDORS="$out/vendors"
        fi
    fi
    if ! ldconfig -p 2> /dev/null | grep -q 'libOpenCL\.so\.1 ' && [ -e "$pack/lib/libOpenCL.so.1" ]; then
        export ARETE_OPENCL_LIBRARY="$pack/lib/libOpenCL.so.1"
    fi
}

info() {
    nvidia-smi
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv
    uname -a
    nproc
    grep -m 1 "model name" /proc/cpuinfo
    echo "NVRTC: ${ARETE_NVRTC_LIBRARY:-none found}"
    echo "OpenCL: ${ARETE_OPENCL_LIBRARY:-the system's loader}, vendors in ${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}"
    "$arete" devices
    "$arete" devices --json > "$out/devices.json"
    # There is something to run on.
    grep -q '"id": "hip:0"\|"id":"hip:0"' "$out/devices.json"
}

# Cases, one an argument of arete bench.
bench_on() { # DEVICE FILE
    set -- "$1" "$2"
    cases=$out/cases.txt
    "$python" tools/gpu_torch.py --cases > "$cases" 2> /dev/null || printf '%s\n' "matmul m=1024 n=1024 k=1024" \
        "matmul m=2048 n=2048 k=2048" "matmul m=4096 n=4096 k=4096" > "$cases"
    device=$1 file=$2
    set --
    while read -r case; do set -- "$@" "$case"; done < "$cases"
    "$arete" bench --device "$device" --time 0.5 --json "$file" "$@"
}

# timeout runs programs, not functions: those are given to a shell again, which finds all prepared.
if [ "${1:-}" = --inside ]; then
    shift
    "$@"
    exit $?
fi
: > "$summary"
devices=${DEVICES:-hip:0}
all="info selftest bench torch probe complete"
prepare_command || { say "failed    no command that runs here: pack it with 'sh tools/gpu.sh pack'"; exit 1; }
find_libraries
"$python" tools/gpu_torch.py --versions "$arete" > "$out/versions.json" 2> /dev/null
export arete OUT="$out"
inside="sh $(pwd)/tools/gpu.sh --inside"
for name in ${*:-$all}; do
    case $name in
    info)
        step info 60 $inside info
        [ -z "${DEVICES:-}" ] && grep -q 'opencl:[0-9].*\(NVIDIA\|Tesla\|GeForce\|RTX\|H[12]00\|A100\)' "$out/info.log" && devices="hip:0 $(sed -n 's/^\(opencl:[0-9]*\) .*\(NVIDIA\|Tesla\|GeForce\|RTX\|H[12]00\|A100\).*/\1/p' "$out/info.log" | head -n 1)"
        say "          devices: $devices"
        ;;
    selftest) for device in $devices; do step "selftest-${device%:*}" 150 "$arete" selftest --quick --device "$device"; done ;;
    probe) for device in $devices; do step "probe-${device%:*}" 60 "$arete" probe --quick --device "$device" --json "$out/probe-${device%:*}.json"; done ;;
    bench) for device in $devices; do step "bench-${device%:*}" 150 $inside bench_on "$device" "$out/bench-${device%:*}.json"; done ;;
    torch) step torch 120 "$python" tools/gpu_torch.py "$out/torch.json" 0.5 ;;
    complete) step complete 600 "$arete" selftest --long --device hip:0 ;;
    *) say "unknown step $name; known are $all" && exit 2 ;;
    esac
done
rm -rf "$out/cache" "$out/bin"
say "results in $out; $failures steps failed"
[ $failures = 0 ]
