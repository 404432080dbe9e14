#!/bin/sh
# embedding.sh CMAKE BUILD SOURCES: installs BUILD into a folder, and builds and runs the programs in SOURCES against
# it by find_package(arete) and by pkg-config, shared and static, C and C++.
set -eu
cmake=$1
build=$2
sources=$3
work=$build/embedding
rm -rf "$work"
mkdir -p "$work"
"$cmake" --install "$build" --prefix "$work/prefix" >"$work/install.log"

"$cmake" -S "$sources" -B "$work/find_package" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/configure.log"
"$cmake" --build "$work/find_package" >"$work/build.log" || { cat "$work/build.log"; exit 1; }
for program in c_shared c_static cxx_shared; do
    LD_LIBRARY_PATH=$(dirname "$(find "$work/prefix" -name 'libarete.so')") "$work/find_package/$program"
    echo "ok: find_package, $program"
done

if command -v pkg-config >/dev/null 2>&1; then
    PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name arete.pc)")
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046
    ${CC:-cc} -std=c11 "$sources/multiply.c" -o "$work/by_pkg_config" $(pkg-config --cflags --libs arete)
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir arete) "$work/by_pkg_config"
    echo "ok: pkg-config"
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
