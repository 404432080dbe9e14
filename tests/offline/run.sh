#!/bin/sh
# run.sh KERNELS FOLDER: compiles every GPU-class .cl below KERNELS for AMD, NVIDIA and SPIR-V devices, as far as
# compilers for them are installed, and the others as OpenCL C; prints registers, spills and local memory of each gpu_tiled variant. Fails when something
# stops compiling, or spills more than spills.txt allows. Exits with 77, and says so, without any compiler.
#
# Needs clang 14 or newer, with libclc (Debian: clang-15 libclc-15) for figures, as calls of unknown built-ins cost
# registers; ptxas (PATH or /usr/local/cuda/bin) for NVIDIA; llvm-spirv for SPIR-V. CLC names libclc's folder.
set -u
kernels=$1 folder=$2
here=$(dirname "$0")
clc=${CLC:-/usr/lib/clc}
rm -rf "$folder"
mkdir -p "$folder"
PATH=$PATH:/usr/local/cuda/bin
status=0
cl="-x cl -cl-std=CL1.2 -Xclang -finclude-default-header -w -O3 -nogpulib -I $kernels -include $kernels/prelude.h"

# builds CLANG TARGET-FLAGS...: whether that compiler makes code for that target.
builds() {
    compiler=$1
    shift
    echo '__kernel void k(__global float *x) { x[get_global_id(0)] = fma(x[0], x[1], x[2]); }' > "$folder/probe.cl"
    $compiler -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -w -O1 -nogpulib "$@" -S "$folder/probe.cl" \
        -o "$folder/probe.s" > "$folder/probe.log" 2>&1
}

# The newest clang that reads libclc's bitcode, else the newest clang.
clang="" library=""
for version in 21 20 19 18 17 16 15 14 ""; do
    name=clang${version:+-$version}
    command -v "$name" > /dev/null || continue
    [ -z "$clang" ] && clang=$name
    amd_clc="-Xclang -mlink-builtin-bitcode -Xclang $clc/amdgcn--amdhsa.bc"
    if [ -e "$clc/amdgcn--amdhsa.bc" ] && builds "$name" -target amdgcn-amd-amdhsa -mcpu=gfx90a $amd_clc; then
        clang=$name library=yes
        break
    fi
done
if [ -z "$clang" ]; then
    echo "skipped: clang is not installed (Debian: clang-15 libclc-15)"
    exit 77
fi
echo "compiler: $($clang --version | head -n 1)"
[ -n "$library" ] || echo "no libclc that it reads: calls of built-ins stay, so registers are not those of a device"

allowed() { # TARGET CASE: bytes that may spill
    awk -v t="$1" -v c="$2" '$1 == t && $2 == c {x = $3} END {print x + 0}' "$here/spills.txt"
}

row() { # TARGET CASE REGISTERS SPILL LOCAL NOTE
    printf '%-8s %-34s %9s %6s %7s  %s\n' "$@"
    limit=$(allowed "$1" "$2")
    if [ -n "$library" ] && [ "$4" -gt "$limit" ]; then
        echo "FAILED: $2 spills $4 bytes on $1, allowed are $limit"
        status=1
    fi
}

failed() { # TARGET CASE LOG
    echo "FAILED: $2 does not compile for $1:"
    head -n 20 "$3"
    status=1
}

figure() { # LOG NAME: the largest figure of that name in clang's remarks
    sed -n "s/.*remark: *$2: \([0-9]*\).*/\1/p" "$1" | sort -n | tail -n 1
}

amd() { # ARCH FILE CASE OPTIONS...
    arch=$1 file=$2 case=$3
    shift 3
    links=""
    [ -n "$library" ] && links="-Xclang -mlink-builtin-bitcode -Xclang $clc/amdgcn--amdhsa.bc"
    log=$folder/log
    if ! $clang $cl -target amdgcn-amd-amdhsa -mcpu="$arch" $links -Rpass-analysis=kernel-resource-usage "$@" \
        -S "$kernels/$file" -o "$folder/out.s" > "$log" 2>&1; then
        failed "$arch" "$case" "$log"
        return
    fi
    # From the remarks (clang 15 on), else from the code's own notes.
    registers=$(figure "$log" VGPRs)
    scratch=$(figure "$log" 'ScratchSize \[bytes\/lane\]')
    spilled=$(figure "$log" 'VGPRs Spill')
    local=$(figure "$log" 'LDS Size \[bytes\/block\]')
    waves=$(sed -n 's/.*remark: *Occupancy [^:]*: \([0-9]*\).*/\1/p' "$log" | sort -n | head -n 1)
    [ -n "$registers" ] || registers=$(sed -n 's/^; NumVgprs: //p' "$folder/out.s" | sort -n | tail -n 1)
    [ -n "$spilled" ] || spilled=$(sed -n 's/.*vgpr_spill_count: *//p' "$folder/out.s" | sort -n | tail -n 1)
    row "$arch" "$case" "${registers:-?}" "$((4 * ${spilled:-0}))" "${local:-?}" \
        "private ${scratch:-?}${waves:+, $waves waves a SIMD}"
}

nvidia() { # ARCH FILE CASE OPTIONS...
    arch=$1 file=$2 case=$3
    shift 3
    links=""
    [ -n "$library" ] && links="-Xclang -mlink-builtin-bitcode -Xclang $clc/nvptx64--nvidiacl.bc"
    log=$folder/log
    if ! $clang $cl -target nvptx64-nvidia-nvidiacl -Xclang -target-cpu -Xclang sm_75 $links "$@" \
        -S "$kernels/$file" -o "$folder/out.ptx" > "$log" 2>&1; then
        failed "$arch" "$case" "$log"
        return
    fi
    if [ -z "$library" ]; then
        row "$arch" "$case" ? 0 ? "PTX only: unlinked built-ins"
        return
    fi
    if ! ptxas -v -arch="$arch" "$folder/out.ptx" -o "$folder/out.cubin" > "$log" 2>&1; then
        failed "$arch" "$case" "$log"
        return
    fi
    registers=$(sed -n 's/.*Used \([0-9]*\) registers.*/\1/p' "$log" | sort -n | tail -n 1)
    spilled=$(sed -n 's/.* \([0-9]*\) bytes spill stores.*/\1/p' "$log" | sort -n | tail -n 1)
    local=$(sed -n 's/.* \([0-9]*\) bytes smem.*/\1/p' "$log" | sort -n | tail -n 1)
    frame=$(sed -n 's/.* \([0-9]*\) bytes stack frame.*/\1/p' "$log" | sort -n | tail -n 1)
    row "$arch" "$case" "$registers" "${spilled:-0}" "${local:-0}" "private ${frame:-0}"
}

spirv() { # - FILE CASE OPTIONS...
    file=$2 case=$3
    shift 3
    if $clang $cl -target spir64-unknown-unknown -emit-llvm -c "$@" "$kernels/$file" -o "$folder/out.bc" \
        > "$folder/log" 2>&1 && $translator "$folder/out.bc" -o "$folder/out.spv" > "$folder/log" 2>&1; then
        row spirv "$case" - 0 - ""
    else
        failed spirv "$case" "$folder/log"
    fi
}

# What there is to compile for.
targets=""
for arch in gfx90a gfx942 gfx1100; do
    if builds "$clang" -target amdgcn-amd-amdhsa -mcpu=$arch; then
        targets="$targets amd:$arch"
    else
        echo "no $arch: $clang does not know it"
    fi
done
if command -v ptxas > /dev/null && builds "$clang" -target nvptx64-nvidia-nvidiacl; then
    targets="$targets nvidia:sm_90"
else
    echo "no NVIDIA: ptxas is not installed (CUDA toolkit)"
fi
translator=""
for version in 21 20 19 18 17 16 15 14 ""; do
    name=llvm-spirv${version:+-$version}
    [ -z "$translator" ] && command -v "$name" > /dev/null && translator=$name
done
if [ -n "$translator" ]; then
    targets="$targets spirv:-"
else
    echo "no SPIR-V: llvm-spirv is not installed"
fi
if [ -z "$targets" ]; then
    echo "skipped: $clang makes code for none of these devices"
    exit 77
fi

everywhere() { # FILE CASE OPTIONS...
    for target in $targets; do
        ${target%%:*} "${target#*:}" "$@"
    done
}

printf '%-8s %-34s %9s %6s %7s\n' target case registers spill local
# The variants as solver_gpu_tiled.c lists them: X(name, tm, tn, tk, wm, wn, vector, buffers, local)
sed -n 's/^ *X(\([0-9x_a-z]*\), \([0-9, ]*\)).*/\1 \2/p' "$kernels/matmul/solver_gpu_tiled.c" | tr -d , > "$folder/variants"
[ -s "$folder/variants" ] || { echo "FAILED: no variants in solver_gpu_tiled.c"; exit 1; }
tile() {
    echo "-DTM=$1 -DTN=$2 -DTK=$3 -DWM=$4 -DWN=$5 -DVECTOR=$6 -DBUFFERS=$7 -DLOCAL=$8"
}
while read -r name sizes; do
    everywhere matmul/gpu_tiled.cl "f32_$name" $(tile $sizes)
done < "$folder/variants"

big=$(tile 128 128 16 8 8 4 2 1) small=$(tile 64 64 16 4 4 4 2 1)
everywhere matmul/gpu_tiled.cl f32_ta_tb $big -DTRANS_A=1 -DTRANS_B=1
everywhere matmul/gpu_tiled.cl f32_ta $big -DTRANS_A=1
everywhere matmul/gpu_tiled.cl f32_tb_bias_gelu $big -DTRANS_B=1 -DBIAS=1 -DACT=5 -DBETA=1
everywhere matmul/gpu_tiled.cl f32_split $big -DSPLIT=1
everywhere matmul/gpu_tiled.cl f16 $big -DTYPE_A=f16 -DTYPE_B=f16 -DTYPE_C=f16
everywhere matmul/gpu_tiled.cl bf16 $big -DTYPE_A=bf16 -DTYPE_B=bf16 -DTYPE_C=bf16
everywhere matmul/gpu_tiled.cl f64 $small -DREAL_F64=1 -DTYPE_A=f64 -DTYPE_B=f64 -DTYPE_C=f64
everywhere matmul/gpu_tiled.cl i8_i32 $big -DTYPE_A=i8 -DTYPE_B=i8 -DTYPE_C=i32 -DZERO_A=2 -DZERO_B=1
everywhere matmul/gpu_tiled.cl f16_u8_scaled $big -DTYPE_A=f16 -DTYPE_B=u8 -DTYPE_C=f32 -DZERO_B=2 -DSCALE_B=2

# The other kernels are for CPUs, with private memory that no GPU has: only whether they compile alone is seen.
for path in "$kernels"/*/*.cl; do
    file=${path#"$kernels"/}
    case=$(basename "$file" .cl)
    case $file in
    */gpu_*) continue ;;
    esac
    if $clang $cl -target spir64-unknown-unknown -emit-llvm -c "$path" -o "$folder/out.bc" > "$folder/log" 2>&1; then
        printf '%-8s %s\n' compiles "$case"
    else
        failed OpenCL "$case" "$folder/log"
    fi
done
exit $status
