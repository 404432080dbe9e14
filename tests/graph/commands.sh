#!/bin/sh
# The commands on a model: commands.sh ARETE MODEL FOLDER. The reference device, so that every machine can.
set -eu
arete=$1
model=$2
work=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# has TEXT FILE: the output has it.
has() {
    grep -q -- "$1" "$2" || { echo "no '$1' in:"; cat "$2"; exit 1; }
}
status() {
    want=$1
    shift
    got=0
    "$@" >"$work/out" 2>&1 || got=$?
    [ "$got" = "$want" ] || { echo "status $got instead of $want: $*"; cat "$work/out"; exit 1; }
}

status 0 "$arete" model "$model" --steps --device reference
has 'softmax' out
status 0 "$arete" run "$model" --device reference --repeat 3 --output .
has 'median of 3 runs' out
test -s y.npy
status 0 "$arete" run "$model" --device reference --profile
has 'Gemm' out
has 'operator' out
has 'roof' out
echo "ok: run"

status 0 "$arete" run "$model" "$model" --device reference,reference --output lanes
has '^  4 ' out
has 'at once' out
for lane in 1 2 3 4; do cmp y.npy lanes/$lane/y.npy; done
status 2 "$arete" run "$model" "$model" --profile
status 1 "$arete" run "$model" --device reference --dim nope=3
has "no open dimension 'nope'" out
status 1 "$arete" run "$model" --device reference --dim N=three
has 'a whole number' out
status 1 "$arete" run "$model" --device reference --shape nope=1x2
has "no input 'nope'" out
status 1 "$arete" run "$work" --device reference
has 'it is a folder' out
echo "ok: several at once"

status 0 "$arete" bench "$model,batch=4" --list
has 'matmul m=4 n=3 k=4' out
status 0 "$arete" bench "$model" --device reference --time 0.01
status 0 "$arete" tune "$model" --device reference --time 0.05
status 0 "$arete" roofline "$model" --device reference --time 0.01 -o report.html
test -s report.html
has 'matmul m=1 n=3' report.html
status 0 "$arete" pick "$model" --batch 2
has 'network' out
status 2 "$arete" pick "$model,batch=none"
status 2 "$arete" bench none.onnx
echo "ok: bench, tune, roofline, pick"
