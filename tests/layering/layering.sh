#!/bin/sh
# Who may include what: a grep beside the include paths of the build. Argument: the top of the source tree.
#   core      knows no operation and no vendor API
#   backends  know no operation; nobody else includes a vendor header
#   kernels   stand on core (one named exception: the CLBlast solver may use the OpenCL interop header)
#   public headers include public headers alone
set -u
cd "$1" || exit 2
failures=0

# forbid WHAT-IT-IS PATTERN FILES...: no line of the files may match.
forbid() {
    what=$1
    pattern=$2
    shift 2
    found=$(grep -nE "$pattern" "$@" /dev/null)
    if [ -n "$found" ]; then
        printf 'FAILED: %s\n%s\n' "$what" "$found"
        failures=$((failures + 1))
    else
        echo "ok: $what"
    fi
}

vendor='#[[:space:]]*include[[:space:]]*[<"](CL/|hip/|cuda|nvrtc|level_zero)'
sources() {
    find "$@" \( -name '*.c' -o -name '*.h' \) -print
}

forbid "core includes no kernels, bench, graph or backend" \
    '#[[:space:]]*include[[:space:]]*"(arete/(matmul|conv|rnn|attention|layers|activation|opencl|arete)\.h|\.\./|(kernels|bench|backends|graph)/)' $(sources core)
forbid "core names no operation" '(^|[^a-z_])(matmul|conv2d|lstm|attention|softmax)_[a-z]+[[:space:]]*\(' $(sources core)
forbid "vendor headers stay in backends" "$vendor" $(sources core kernels bench tools | grep -v bench/peers/)
forbid "backends know no operation" '#[[:space:]]*include[[:space:]]*"(arete/(matmul|conv|rnn|attention|layers|activation|arete)\.h|solver\.h|casework\.h)' $(sources backends)
forbid "kernels include no backend" '#[[:space:]]*include[[:space:]]*"(backend\.h|arete/opencl\.h)' \
    $(sources kernels | grep -v kernels/matmul/solver_clblast.c)
forbid "the command includes no core internals" \
    '#[[:space:]]*include[[:space:]]*"(objects|backend|os|error|program|plan)\.h"' $(sources tools)
forbid "public headers include public headers alone" '#[[:space:]]*include[[:space:]]*"[^a]' \
    $(sources core/include backends/include kernels/include)
forbid "no assert on input in public calls' files" '(^|[^_a-z])(abort|exit)[[:space:]]*\(' $(sources core backends kernels)
exit "$([ $failures = 0 ] && echo 0 || echo 1)"
