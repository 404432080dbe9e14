#!/bin/sh
# dialect.sh KERNELS FOLDER: builds and runs dialect_host.cpp with the C++ compiler that is here ($CXX, g++, clang++);
# exits with 77 without one.
here=$(dirname "$0")
compiler=${CXX:-}
for name in g++ clang++ c++; do
    [ -z "$compiler" ] && command -v $name > /dev/null && compiler=$name
done
[ -n "$compiler" ] || { echo "skipped: no C++ compiler"; exit 77; }
mkdir -p "$2" && $compiler -std=c++17 -O1 -w -Wno-psabi -D_GNU_SOURCE -I "$1" -I "$here/../../backends" \
    -DVEC=4 -DTM=16 -DTN=16 -DTK=4 -DWM=4 -DWN=4 -DVECTOR=4 -DLOCAL=0 -DBIAS=1 -DACT=1 "$here/dialect_host.cpp" -o "$2/dialect_host" && "$2/dialect_host"
