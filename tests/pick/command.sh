#!/bin/sh
# arete pick and its manners. $1: the command.
arete=$1
bad=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# expect STATUS TEXT WORDS... : the command ends with that status and says that text.
expect() {
    want=$1 text=$2
    shift 2
    "$arete" pick "$@" >"$work/out" 2>&1
    got=$?
    if [ $got -ne "$want" ] || ! grep -qF -- "$text" "$work/out"; then
        echo "arete pick $*: exit status $got (not $want?), or it does not say '$text':"
        cat "$work/out"
        bad=1
    fi
}

expect 2 'one workload is needed'
expect 2 "'resnet51' is no workload" resnet51
expect 2 'no such parameter' resnet50 --set batsh=3
expect 2 '--by is time, cost or energy' resnet50 --by beauty
expect 2 '--dtype is' resnet50 --dtype f17
expect 1 "there is no part 'abacus'" resnet50 --on abacus
expect 1 'say which' resnet50 --on geforce
expect 1 '/no/such/run.json' resnet50 --on /no/such/run.json
expect 1 '/no/such/run.json' resnet50 --runs /no/such/run.json --on H100
expect 1 '/no/such/folder/x.json' lenet5 --on H100 --json /no/such/folder/x.json
expect 0 'bound by' gnmt --batch 1 --on H100,H200,V100
expect 0 'not by its FLOPS' llama7b_decode --on 'H100 SXM,H200'
expect 0 'training step' resnet50 --batch 256 --train --on 'nvidia-a100-sxm-80,MI300X,rtx4090' --by cost
expect 0 'DGX H100' resnet50 --batch 256 --train --on 'nvidia-dgx-h100' --by energy
expect 0 '2 x' gpt2 --batch 8 --train --devices 4 --on H100
expect 1 'Nothing that was asked for has the memory' llama7b_prefill --train --on rtx4090
expect 1 'smaller batch' vgg16 --batch 100000 --on rtx4090
expect 0 'Tesla M40' 'matmul m=16 n=1760 k=1760' --on 'Tesla M40'
expect 0 'nvidia-h100-sxm' --parts

printf 'title x\nfirst: matmul m=1 n=1 q=2\n' >"$work/bad.workload"
expect 2 "bad.workload:2" "$work/bad.workload"
printf 'param batch 4\nfirst: matmul m={batch} n=1000 k=1000 fixed=1\n' >"$work/good.workload"
expect 0 'good' "$work/good.workload" --batch 7 --on T4
printf '{"device": 3}' >"$work/run.json"
expect 1 'device: an object' lenet5 --on "$work/run.json"
mkdir -p "$work/share/hardware/runs" "$work/share/workloads"
printf '{"schema": 1, "sources": {}, "parts": [\n{"id": "x"}]}' >"$work/share/hardware/x.json"
ARETE_DATA_DIR=$work/share "$arete" pick --parts 2>&1 | grep -q "x.json:2: part 0 'x'" || {
    echo "a malformed database is not named with its line"
    bad=1
}
"$arete" pick lenet5 --on H100,T4 --json - 2>/dev/null | grep -q '"low"' || {
    echo "--json has no interval"
    bad=1
}
exit $bad
