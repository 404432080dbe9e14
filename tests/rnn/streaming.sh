#!/bin/sh
# The stream list of `arete bench`: every case right, its latency over 10,000 calls, and one launch a call (one group
# alone) or two: as many as the persistent solver makes of a layer, whatever the number of steps. $1: the command.
set -eu
out=$("$1" bench rnn:streaming --solver persistent --time 0.1)
echo "$out"
cases=$("$1" bench rnn:streaming --list | grep -c '^rnn cell=')
constant=$(echo "$out" | grep -c '^ *10000 single calls, .*; [12] launches a call$')
[ "$cases" -gt 0 ] && [ "$constant" -eq "$cases" ]
