#!/bin/sh
# run.sh few|some|all PROGRAMS FOLDER: every GPU-class program of the library through the compilers of devices that are
# not here (some: six of each kernel file; few: one of each, and the run-time compilers alone). collect gathers the
# programs; PROGRAMS is where it and compile lie.
#
#   hiprtc       gfx90a gfx1030          the library's own way there (needs libamdhip64, no GPU)
#   NVRTC        sm_75 sm_80 sm_90       likewise (needs libnvrtc of a CUDA toolkit)
#   clang HIP    gfx942 gfx1100          clang 19 or newer knows both; sm_90 where there is no NVRTC
#   clang OpenCL gfx90a gfx942 gfx1100   the same programs without the dialect, with libclc where clang reads it
#   SPIR-V                               where llvm-spirv is
#
# Prints a line for each compiler, target and kernel file: programs, registers, spilled bytes, local memory, wavefronts
# (warps) that the registers leave room for on a SIMD (multiprocessor). FOLDER/table.txt has a line for each program,
# FOLDER/programs its text. Fails when something does not compile, or spills more than spills.txt allows. A compiler
# that is missing is said; exits with 77 without any. ARETE_OFFLINE_TARGETS="gfx90a sm_90" restricts the targets.
set -u
what=$1 programs=$2 folder=$3
here=$(dirname "$0")
rm -rf "$folder"
mkdir -p "$folder/programs"
PATH=$PATH:/usr/local/cuda/bin
table=$folder/table.txt
: > "$table"
status=0
ARETE_COMPILE=inside ARETE_NVRTC_LIBRARY=$ARETE_DOUBLE_RTC_LIBRARY ARETE_DOUBLE_KEEP=$folder/programs \
    "$programs/offline_collect" "$([ "$what" = all ] && echo all || echo few)" || exit 1
# The probe's kernels as well: its results here are nothing, and it says so.
ARETE_COMPILE=inside ARETE_NVRTC_LIBRARY=$ARETE_DOUBLE_RTC_LIBRARY ARETE_DOUBLE_KEEP=$folder/programs ARETE_CACHE_DIR=off \
    timeout 60 "$programs/arete" probe --quick --device hip:0 > "$folder/probe.log" 2>&1
if [ "$what" != all ]; then # one of each kernel file, or six
    for file in "$folder"/programs/*.hip; do echo "${file%.*.hip} $file"; done |
        awk -v most="$([ "$what" = few ] && echo 1 || echo 6)" '
            { n[$1]++; file[$1, n[$1]] = $2 }
            END { for (k in n) for (i = 1; i <= n[k]; i++) if (n[k] > most && int(i * most / n[k]) == int((i - 1) * most / n[k])) print file[k, i] }' |
        xargs -r rm
fi
set -- "$folder"/programs/*.hip
echo "$# programs of $(for f; do basename "${f%.*.hip}"; done | sort -u | wc -l) kernel files"

# A program with NVIDIA's assembly in it is for its devices alone.
for_target() { # TARGET FILE...
    target=$1
    shift
    case $target in
    sm_*) printf '%s\n' "$@" ;;
    *) grep -L '^#define USE_PTX' "$@" ;;
    esac
}

wanted() { # TARGET
    case " ${ARETE_OFFLINE_TARGETS:-$1} " in *" $1 "*) return 0 ;; esac
    return 1
}

# Rows: COMPILER TARGET FILE REGISTERS SPILL LOCAL PRIVATE
rows() { # COMPILER TARGET LOG...: of a log with "== FILE" and figures in any of the forms below
    awk -v compiler="$1" -v target="$2" '
        function row() {
            if (kernel != "" && registers != "")
                print compiler, target, file, registers, spill + 0, local + 0, private + 0
            registers = ""; spill = 0; local = 0; private = 0
        }
        function number(name,  at) { at = $0; sub(".*" name " *:? *", "", at); return at + 0 }
        /^== / { row(); file = $2; kernel = "" }
        /^kernel registers/ { row(); kernel = "k"; registers = $3; spill = $5; local = $7; private = $9; row() }
        /ptxas info .*Compiling entry/ { row(); kernel = "k" }
        /bytes stack frame/ { private = $0; sub(/ bytes stack frame.*/, "", private); sub(/.* /, "", private)
                              spill = $0; sub(/ bytes spill stores.*/, "", spill); sub(/.* /, "", spill) }
        /ptxas info .*Used .* registers/ { registers = $0; sub(/.*Used /, "", registers); registers += 0
                              if (/bytes smem/) { local = $0; sub(/ bytes smem.*/, "", local); sub(/.* /, "", local) } }
        /remark: Function Name/ { row(); kernel = "k" }
        /remark: *VGPRs:/ { registers = number("VGPRs:") }
        /remark: *AGPRs:/ { registers += number("AGPRs:") }
        /remark: *VGPRs Spill:/ { spill = 4 * number("VGPRs Spill:") }
        /remark: *ScratchSize/ { private = number("lane\\]:") }
        /remark: *LDS Size/ { local = number("block\\]:") }
        END { row() }' "$3" >> "$table"
}

failed() { # COMPILER TARGET FILE LOG
    echo "FAILED: $(basename "$3") does not compile for $2 ($1):"
    grep -n "^#define" "$3" | head -n 40 | sed 's/^[0-9]*:#define //' | grep -v "(" | head -n 30 | tr '\n' ' '
    echo
    grep -v remark "$4" | head -n 20
    status=1
}

runtime() { # COMPILER FLAVOUR TARGET FILE...: the library's own compilers
    compiler=$1 flavour=$2 target=$3
    shift 3
    wanted "$target" || return 0
    log=$folder/$compiler-$target.log
    ARETE_COMPILE_OPTIONS=$([ "$flavour" = nvidia ] && echo --ptxas-options=-v) \
        "$programs/offline_compile" "$flavour $target" $(for_target "$target" "$@") > "$log" 2>&1
    code=$?
    if [ $code = 77 ]; then
        echo "no $compiler: $(sed -n 's/^no compiler: //p' "$log")"
        return 1
    fi
    if grep -q "knows no $target" "$log"; then
        echo "no $compiler for $target: it does not know it"
        return 1
    fi
    if [ $code != 0 ]; then
        echo "FAILED: $compiler for $target:"
        awk '/^== /{f=$2} /^FAILED|error/{print f ": " $0}' "$log" | head -n 20
        grep -q "^==" "$log" || cat "$log"
        status=1
    fi
    rows "$compiler" "$target" "$log"
}

# The newest clang, and the newest that reads libclc's bitcode.
clang="" clc_clang="" clc=""
probe=$folder/probe.cl
echo '__kernel void k(__global float *x) { x[get_global_id(0)] = fma(x[0], x[1], exp(x[2])); }' > "$probe"
cl="-x cl -cl-std=CL1.2 -Xclang -finclude-default-header -w -O3 -nogpulib"
for version in 21 20 19 18 17 16 15 14 ""; do
    name=clang${version:+-$version}
    command -v "$name" > /dev/null || continue
    [ -z "$clang" ] && clang=$name
    for bitcode in "${CLC:-/usr/lib/clc}" "/usr/lib/clc-$version" "/usr/lib/llvm-$version/lib/clc"; do
        [ -z "$clc_clang" ] && [ -e "$bitcode/amdgcn--amdhsa.bc" ] &&
            $name $cl -target amdgcn-amd-amdhsa -mcpu=gfx90a -Xclang -mlink-builtin-bitcode \
                -Xclang "$bitcode/amdgcn--amdhsa.bc" -S "$probe" -o "$folder/probe.s" 2> /dev/null &&
            clc_clang=$name clc=$bitcode/amdgcn--amdhsa.bc
    done
done

knows() { # CLANG ARCH
    echo '__attribute__((global)) void k(float *x) { x[0] = 1; }' > "$folder/probe.hip"
    "$1" -x hip --offload-device-only --cuda-device-only --offload-arch="$2" -nogpuinc -nogpulib -S "$folder/probe.hip" \
        -o "$folder/probe.s" 2> /dev/null
}

# AMD's own functions (exp, pow ...) as bitcode: without them each is a call, which keeps and spills registers as no
# real program does. An ISA that these libraries do not know takes its nearest ancestor's constants.
libraries() { # ARCH
    case $1 in
    gfx9*) wave=on nearest="${1#gfx} 940 90a" ;;
    *) wave=off nearest="${1#gfx} 1036 1030" ;;
    esac
    for bitcode in "${ROCM_DEVICE_LIBS:-/usr/lib/$(uname -m)-linux-gnu/amdgcn/bitcode}" /opt/rocm/amdgcn/bitcode; do
        [ -e "$bitcode/ocml.bc" ] || continue
        for isa in $nearest; do [ -e "$bitcode/oclc_isa_version_$isa.bc" ] && break; done
        for name in ocml ockl oclc_daz_opt_off oclc_unsafe_math_off oclc_finite_only_off \
            oclc_correctly_rounded_sqrt_on oclc_wavefrontsize64_$wave "oclc_isa_version_$isa"; do
            echo "-Xclang -mlink-builtin-bitcode -Xclang $bitcode/$name.bc"
        done
        return
    done
}

hip() { # ARCH FILE...: clang alone, without HIP's headers
    arch=$1
    shift
    wanted "$arch" || return 0
    links=""
    case $arch in gfx*)
        links=$(libraries "$arch")
        if [ -z "$links" ]; then
            echo "no clang HIP for $arch: AMD's device libraries (rocm-device-libs) are missing"
            return 1
        fi ;;
    esac
    if [ -z "$clang" ] || ! knows "$clang" "$arch"; then
        echo "no clang HIP for $arch: ${clang:-clang} ${clang:+does not know it}${clang:-is not installed}"
        return 1
    fi
    log=$folder/clang-hip-$arch.log
    : > "$log"
    for file in $(for_target "$arch" "$@"); do
        echo "== $file" >> "$log"
        "$clang" -x hip --offload-device-only --cuda-device-only --offload-arch="$arch" -nogpuinc -nogpulib $links -O3 \
            -std=c++17 -ffp-contract=on -Werror=unused-value --gpu-max-threads-per-block=256 \
            -Rpass-analysis=kernel-resource-usage -S "$file" -o "$folder/out.s" > "$folder/one.log" 2>&1 ||
            failed "$clang" "$arch" "$file" "$folder/one.log"
        cat "$folder/one.log" >> "$log"
    done
    rows clang-HIP "$arch" "$log"
}

opencl() { # ARCH FILE...: the text between the dialect and its end is OpenCL C
    arch=$1
    shift
    wanted "$arch" || return 0
    compiler=${clc_clang:-$clang}
    [ "$arch" = gfx942 ] && compiler=$clang
    [ -n "$compiler" ] || return 1
    links=""
    [ "$compiler" = "$clc_clang" ] && links="-Xclang -mlink-builtin-bitcode -Xclang $clc"
    if ! $compiler $cl -target amdgcn-amd-amdhsa -mcpu="$arch" -S "$probe" -o "$folder/probe.s" 2> /dev/null; then
        echo "no clang OpenCL for $arch: $compiler does not know it"
        return 1
    fi
    log=$folder/clang-opencl-$arch.log
    : > "$log"
    for file in $(for_target "$arch" "$@"); do
        echo "== $file" >> "$log"
        plain "$file" > "$folder/one.cl"
        $compiler $cl -target amdgcn-amd-amdhsa -mcpu="$arch" $links -Rpass-analysis=kernel-resource-usage \
            -S "$folder/one.cl" -o "$folder/out.s" > "$folder/one.log" 2>&1 ||
            failed "$compiler" "$arch" "$file" "$folder/one.log"
        cat "$folder/one.log" >> "$log"
    done
    rows clang-OpenCL "$arch" "$log"
}

plain() { # FILE: without the dialect
    awk '/^\/\* dialect.h:/ { skip = 1 } !skip { line[++n] = $0 } /^extern "C" \{/ { skip = 0 }
         END { while (n && line[n] !~ /^}$/) n--; for (i = 1; i < n; i++) print line[i] }' "$1"
}

spirv() { # FILE...
    translator=""
    for version in 21 20 19 18 17 16 15 14 ""; do
        name=llvm-spirv${version:+-$version}
        [ -z "$translator" ] && command -v "$name" > /dev/null && command -v "clang${name#llvm-spirv}" > /dev/null &&
            translator=$name # which reads the bitcode of its own version of clang
    done
    if [ -z "$translator" ]; then
        echo "no SPIR-V: llvm-spirv and clang of one version are not installed"
        return 1
    fi
    wanted spirv || return 0
    for file in $(for_target spirv "$@"); do
        plain "$file" > "$folder/one.cl"
        # unoptimised: the device's compiler does that, and the translator does not know all that the optimiser writes
        "clang${translator#llvm-spirv}" $cl -Xclang -disable-llvm-passes -target spir64-unknown-unknown -emit-llvm \
            -c "$folder/one.cl" -o "$folder/out.bc" \
            > "$folder/one.log" 2>&1 && $translator "$folder/out.bc" -o "$folder/out.spv" > "$folder/one.log" 2>&1 ||
            failed "$translator" spirv "$file" "$folder/one.log"
    done
}

some=""
if [ "$what" = few ]; then
    runtime hiprtc amd gfx90a "$@" && some=yes
    runtime NVRTC nvidia sm_90 "$@" && some=yes
    [ -n "$some" ] || { hip gfx90a "$@" && some=yes; }
else
    for arch in gfx90a gfx1030; do runtime hiprtc amd $arch "$@" && some=yes; done
    nvrtc=""
    for arch in sm_75 sm_80 sm_90; do runtime NVRTC nvidia $arch "$@" && some=yes && nvrtc=yes; done
    [ -n "$nvrtc" ] || { hip sm_90 "$@" && some=yes; }
    for arch in gfx942 gfx1100; do hip $arch "$@" && some=yes; done
    for arch in gfx90a gfx942 gfx1100; do opencl $arch "$@" && some=yes; done
    spirv "$@" && some=yes
fi
if [ -z "$some" ]; then
    echo "skipped: no compiler for any of these devices (Debian: libamdhip64-5, clang-19; CUDA: NVRTC)"
    exit 77
fi

awk -v allowed="$here/spills.txt" '
    function ceil(x, by) { return int((x + by - 1) / by) * by }
    # Wavefronts that the registers leave room for: files of 512 (gfx9: a lane of a SIMD), 1024 or 1536 (gfx10, gfx11,
    # wavefronts of 32), 65536 a multiprocessor.
    function waves(target, registers,  most, left) {
        if (registers < 1) registers = 1
        if (target ~ /^sm_/) { most = target == "sm_75" ? 32 : 64; left = int(65536 / (32 * ceil(registers, 8))) }
        else if (target ~ /^gfx9/) { most = 8; left = int(512 / ceil(registers, 8)) }
        else if (target ~ /^gfx11/) { most = 16; left = int(1536 / ceil(registers, 24)) }
        else { most = 16; left = int(1024 / ceil(registers, 16)) }
        return left < most ? left : most
    }
    BEGIN { while ((getline line < allowed) > 0) { split(line, w, " "); if (line !~ /^#/) { most[w[1], w[2], w[3]] = w[4]; count[w[1], w[2], w[3]] = w[5] } } }
    {
        name = $3; sub(/.*\//, "", name); sub(/\.[0-9a-f]*\.hip$/, "", name)
        key = $1 " " $2 " " name
        if (!(key in n)) { order[++keys] = key; low[key] = 1e9; room[key] = 1e9 }
        n[key]++
        if ($4 < low[key]) low[key] = $4
        if ($4 > high[key]) high[key] = $4
        if ($5 > spill[key]) spill[key] = $5
        spilling[key] += $5 > 0
        if ($6 > local[key]) local[key] = $6
        if ($7 > private[key]) private[key] = $7
        w2 = waves($2, $4); if (w2 < room[key]) room[key] = w2
    }
    END {
        printf "%-13s %-8s %-26s %7s %9s %14s %6s %8s %6s\n", "compiler", "target", "kernel file", "kernels", "registers", "spill (kernels)", "local", "private", "waves"
        for (i = 1; i <= keys; i++) {
            key = order[i]; split(key, k, " ")
            printf "%-13s %-8s %-26s %7d %9s %8d (%d) %8d %8d %6d\n", k[1], k[2], k[3], n[key], low[key] "-" high[key], spill[key], spilling[key], local[key], private[key], room[key]
            if (spill[key] > most[k[1], k[2], k[3]] + 0 || spilling[key] > count[k[1], k[2], k[3]] + 0) {
                printf "FAILED: %s: %d kernels spill up to %d bytes; allowed are %d and %d (spills.txt)\n", key, spilling[key], spill[key], count[k[1], k[2], k[3]] + 0, most[k[1], k[2], k[3]] + 0
                bad = 1
            }
        }
        exit bad
    }' "$table" || status=1
exit $status
