#!/bin/sh
# The command's manners: exit status 0 done, 1 failed, 2 wrong usage; JSON on request. $1: the command.
arete=$1
bad=0

# expect STATUS WORDS... : the command ends with that status.
expect() {
    want=$1
    shift
    "$arete" "$@" >/dev/null 2>&1
    got=$?
    if [ $got -ne "$want" ]; then
        echo "arete $*: exit status $got, not $want"
        bad=1
    fi
}

expect 2
expect 2 nonsense
expect 0 --help
expect 0 --version
for sub in devices probe roofline compare bench tune selftest pick; do
    expect 0 $sub --help
    expect 2 $sub --nonsense
done
expect 2 devices extra
expect 0 devices
expect 2 probe --device reference --only nonsense
expect 1 probe --device reference
expect 1 probe --json /no/such/folder/x.json
expect 2 roofline no_such_list
expect 2 roofline --from
expect 1 roofline --from /no/such/file.json
expect 1 roofline 'matmul m=3 n=4 k=5' --device reference -o /no/such/folder/report.html
expect 0 roofline 'matmul m=3 n=4 k=5' --device reference --time 0.01 -o /dev/null
expect 2 compare one.json
expect 2 compare one.json two.json --threshold much
expect 1 compare /no/such/a.json /no/such/b.json
expect 2 bench no_such_list
expect 2 bench 'matmul m=3 n=4 q=5'
expect 2 bench --seed x
expect 2 bench --time 0
expect 2 bench 'matmul m=3 n=4 k=5' --device reference --against nobody
expect 1 bench 'matmul m=3 n=4 k=5' --device no_such_device
expect 1 bench 'matmul m=3 n=4 k=5' --device reference --solver no_such_solver
expect 0 bench 'matmul m=3 n=4 k=5' --device reference --time 0.01
expect 1 bench 'matmul m=3 n=4 k=5' --device reference --time 0.01 --json /no/such/folder/x.json
expect 0 bench --list
for words in "layers lstm gru rnn" "conv resnet50 mobilenet_v2 deepbench"; do
    expect 0 bench $words --list
done
for op in matmul conv rnn; do # a list's name alone: of every operation that has one
    if ! "$arete" bench deepbench --list | grep -q "^$op "; then
        echo "bench deepbench has no case of $op"
        bad=1
    fi
done
expect 0 selftest --device reference --case 'matmul m=3 n=4 k=5' --data integers --seed 9
expect 2 selftest --case 'matmul m=x'
expect 1 selftest --device reference --case 'matmul m=3 n=4 k=5' --solver no_such_solver
expect 0 tune 'matmul m=3 n=4 k=5' --device reference --time 1

"$arete" devices --json | grep -q '"id": "reference"' || {
    echo "devices --json does not list the reference device"
    bad=1
}
"$arete" selftest --device reference --case 'matmul m=3 n=4 k=5' | grep -q '^1 passed, 0 failed' || {
    echo "selftest --case does not say that it passed"
    bad=1
}
exit $bad
