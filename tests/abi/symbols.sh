#!/bin/sh
# symbols.sh NM LIBRARY LIST: the library's exported names are those in LIST (sorted, one a line).
"$1" -D --defined-only "$2" | awk '{print $3}' | sed 's/@.*//' | LC_ALL=C sort -u >symbols.now
if ! diff "$3" symbols.now; then
    echo "FAILED: < is in symbols.txt, > is exported now"
    exit 1
fi
echo "ok: $(wc -l <symbols.now) exported names"
