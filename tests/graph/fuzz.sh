#!/bin/sh
# fuzz.sh CMAKE SOURCE BUILD SECONDS: builds the loader's fuzzer with clang below BUILD, runs it for that long from the
# corpus, with memory, one input's time and its size bounded. What it finds is left in BUILD/found.
set -eu
cmake=$1
source=$2
build=$3
seconds=$4
clang=$(command -v clang || true)
if [ -z "$clang" ] || ! echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return (int)n * !d; }' |
    "$clang" -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null; then
    echo "skipped: no clang with libFuzzer here"
    exit 77
fi
"$cmake" -S "$source" -B "$build" -G Ninja -DCMAKE_C_COMPILER="$clang" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DARETE_FUZZ=ON \
    -DARETE_TOOLS=OFF -DARETE_TESTS=OFF -DARETE_OPENCL=OFF -DARETE_CLBLAST=OFF >"$build.log"
"$cmake" --build "$build" --target fuzz_model write_corpus >>"$build.log" || { tail -30 "$build.log"; exit 1; }
mkdir -p "$build/corpus" "$build/found"
"$build/bin/write_corpus" "$source/tests/graph/corpus" "$build/corpus"
cd "$build"
exec ./bin/fuzz_model -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=64 -max_len=16384 \
    -artifact_prefix=found/ -print_final_stats=1 -verbosity=1 corpus
