#!/bin/sh
# run.sh MODE PROGRAM FOLDER: runs PROGRAM under oclgrind with races, bounds and uninitialised values checked.
# MODE matmul, conv, attention, layer, rnn: every kernel is to leave the log empty. MODE planted: each planted fault is to appear in the log.
# Exits with 77, and says so, where oclgrind is not installed. ARETE_OCLGRIND names its ICD library if it is elsewhere.
set -eu
mode=$1 program=$2 folder=$3
icd=${ARETE_OCLGRIND:-}
for path in /usr/lib/oclgrind /usr/lib/*/oclgrind /usr/local/lib/oclgrind /usr/lib64/oclgrind; do
    [ -z "$icd" ] && [ -e "$path/liboclgrind-rt-icd.so" ] && icd=$path/liboclgrind-rt-icd.so
done
if [ -z "$icd" ]; then
    echo "skipped: oclgrind is not installed (Debian: oclgrind)"
    exit 77
fi
rm -rf "$folder"
mkdir -p "$folder/vendors"
echo "$icd" > "$folder/vendors/oclgrind.icd"
export OCL_ICD_VENDORS="$folder/vendors" OCLGRIND_DATA_RACES=1 OCLGRIND_UNINITIALIZED=1
# Unoptimised: the check of uninitialised values does not know some instructions that optimisers make (freeze).
export OCLGRIND_BUILD_OPTIONS="-cl-opt-disable"
export ARETE_CACHE_DIR=off ARETE_TUNING_DIR=off
export OCLGRIND_LOCAL_MEM_SIZE=65536 OCLGRIND_NUM_THREADS=1 OCLGRIND_MAX_ERRORS=20

# under NAME ARGUMENTS...: runs the program, its log in $folder/NAME.log; oclgrind itself never fails it.
under() {
    name=$1
    shift
    OCLGRIND_LOG="$folder/$name.log" "$program" "$@"
}

status=0
case $mode in
planted)
    for fault in race bounds uninitialized none; do
        case $fault in
        race) words="data race" ;;
        bounds) words="Invalid write" ;;
        uninitialized) words="Uninitialized" ;;
        none) words="" ;;
        esac
        under "$fault" plant "$fault" || status=1
        if [ -z "$words" ] && [ -s "$folder/$fault.log" ]; then
            echo "FAILED: a sound kernel is complained of:"
            cat "$folder/$fault.log"
            status=1
        elif [ -n "$words" ] && ! grep -qi "$words" "$folder/$fault.log" 2> /dev/null; then
            echo "FAILED: the planted fault ($fault) was not found"
            status=1
        else
            echo "ok: $fault"
        fi
    done
    ;;
matmul | conv | attention | layer | rnn)
    index=0 code=0
    while [ $code -ne 3 ]; do
        code=0
        under $index "$mode" $index || code=$?
        [ $code -eq 0 ] || [ $code -eq 3 ] || status=1
        if [ -s "$folder/$index.log" ]; then
            echo "FAILED: in the case above oclgrind found:"
            head -n 30 "$folder/$index.log"
            status=1
        fi
        index=$((index + 1))
    done
    echo "$((index - 1)) cases"
    [ $index -gt 1 ] || status=1
    ;;
esac
exit $status
