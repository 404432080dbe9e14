#!/bin/sh
# embedding.sh CMAKE BUILD SOURCES [MODEL]: installs BUILD into a folder, and builds and runs the programs in SOURCES against
# it by find_package(arete) and by pkg-config, shared and static, C and C++. MODEL: an ONNX file for the one that runs a
# network; without it there is no such library in this build.
set -eu
cmake=$1
build=$2
sources=$3
model=${4:-}
work=$build/embedding
rm -rf "$work"
mkdir -p "$work"
"$cmake" --install "$build" --prefix "$work/prefix" >"$work/install.log"

"$cmake" -S "$sources" -B "$work/find_package" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DNETWORKS="${model:+ON}" >"$work/configure.log"
"$cmake" --build "$work/find_package" >"$work/build.log" || { cat "$work/build.log"; exit 1; }
for program in c_shared c_static cxx_shared; do
    LD_LIBRARY_PATH=$(dirname "$(find "$work/prefix" -name 'libarete.so')") "$work/find_package/$program"
    echo "ok: find_package, $program"
done

for program in ${model:+network_shared network_static}; do
    LD_LIBRARY_PATH=$(dirname "$(find "$work/prefix" -name 'libarete.so')") "$work/find_package/$program" "$model"
    echo "ok: find_package(arete COMPONENTS graph), $program"
done

if command -v pkg-config >/dev/null 2>&1; then
    PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name arete.pc)")
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046
    ${CC:-cc} -std=c11 "$sources/multiply.c" -o "$work/by_pkg_config" $(pkg-config --cflags --libs arete)
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir arete) "$work/by_pkg_config"
    echo "ok: pkg-config"
    if [ -n "$model" ]; then
        # shellcheck disable=SC2046
        ${CC:-cc} -std=c11 "$sources/network.c" -o "$work/network_by_pkg_config" $(pkg-config --cflags --libs arete-graph)
        LD_LIBRARY_PATH=$(pkg-config --variable=libdir arete) "$work/network_by_pkg_config" "$model"
        echo "ok: pkg-config arete-graph"
    fi
else
    echo "skipped: no pkg-config here"
fi

for header in "$work"/prefix/include/arete/*.h; do
    for language in "c -std=c99" "c++ -std=c++11"; do
        # shellcheck disable=SC2086
        echo "#include <arete/$(basename "$header")>" |
            ${CC:-cc} -x $language -Wall -Wextra -Wpedantic -Werror -I"$work/prefix/include" -fsyntax-only -
    done
done
echo "ok: every header compiles alone, as C99 and C++11"
