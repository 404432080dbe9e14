#!/usr/bin/env python3
"""Times `arete run` against onnxruntime's CPU provider on the same inputs, and compares the outputs.

  compare.py MODEL [NAME=SHAPE[:KIND]...] [options]

NAME=SHAPE  an input, such as x=1x3x224x224; KIND is normal (default), one, zero, or ids (random integers below 1000).
            Inputs without one are normal, or zeros of an integer type, with open dimensions of 1.
The two take turns, round by round, each in a process of its own; a round is --repeat runs after one that is not
counted. Printed: the median of all runs of each, their quotient (onnxruntime's time over Arete's: above 1 Arete is
faster), load time, steps, and the largest difference over the largest magnitude. Needs numpy and onnxruntime.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ARETE = os.path.join(HERE, "..", "..", "build", "release", "bin", "arete")
TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64,
         "tensor(int32)": np.int32, "tensor(float16)": np.float16, "tensor(bool)": np.bool_}


def session(model, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def make_inputs(ports, given):
    """Random inputs by name; the same each time."""
    feeds, known = {}, dict(text.split("=", 1) for text in given)
    for index, port in enumerate(ports):
        shape, _, kind = known.pop(port.name, "").partition(":")
        dims = [int(d) for d in shape.split("x")] if shape else [d if isinstance(d, int) else 1 for d in port.shape]
        dtype = TYPES[port.type]
        rng = np.random.default_rng(index)
        if kind == "ids":
            feeds[port.name] = rng.integers(0, 1000, dims).astype(dtype)
        elif kind in ("one", "zero") or not np.issubdtype(dtype, np.floating):
            feeds[port.name] = np.full(dims, kind == "one", dtype)
        else:
            feeds[port.name] = rng.standard_normal(dims).astype(dtype)
    if known:
        sys.exit(f"no such input: {', '.join(known)}")
    return feeds


def serve(model, folder, threads, repeat):
    """The onnxruntime side of one round, as a process of its own."""
    run = session(model, threads)
    feeds = {port.name: np.load(f"{folder}/in{i}.npy") for i, port in enumerate(run.get_inputs())}
    outputs = run.run(None, feeds)
    for index, output in enumerate(outputs):
        np.save(f"{folder}/theirs{index}.npy", output)
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        run.run(None, feeds)
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


def their_round(args, folder):
    command = [sys.executable, os.path.abspath(__file__), args.model, "--serve", folder, "--threads",
               str(args.threads), "--repeat", str(args.repeat)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def our_round(args, folder, names):
    command = [args.arete, "run", args.model, "--output", f"{folder}/ours", "--repeat", str(args.repeat)]
    command += ["--device", args.device] + [o for option in args.option for o in option.split(" ")]
    for index, name in enumerate(names):
        command += ["--input", f"{name}={folder}/in{index}.npy"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"arete run failed: {done.stderr}")
    median = float(re.search(r"^time +([0-9.]+) ms", done.stdout, re.M).group(1)) * 1e-3
    loaded = float(re.search(r"loaded in ([0-9.]+) s", done.stdout).group(1))
    steps = int(re.search(r"([0-9]+) steps", done.stdout).group(1))
    return median, loaded, steps


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("model")
    parser.add_argument("inputs", nargs="*")
    parser.add_argument("--device", default="opencl:0")
    parser.add_argument("--arete", default=os.environ.get("ARETE", ARETE))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--option", action="append", default=[], help="further options of arete run")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve(args.model, args.serve, args.threads, args.repeat)
    run = session(args.model, args.threads)
    names = [port.name for port in run.get_inputs()]
    outputs = [port.name for port in run.get_outputs()]
    theirs, ours, loads = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for index, value in enumerate(make_inputs(run.get_inputs(), args.inputs).values()):
            np.save(f"{folder}/in{index}.npy", value)
        del run
        os.mkdir(f"{folder}/ours")
        for _ in range(args.rounds):
            theirs += their_round(args, folder)
            median, loaded, steps = our_round(args, folder, names)
            ours.append(median)
            loads.append(loaded)
        difference = 0
        for index, name in enumerate(outputs):
            a = np.load(f"{folder}/ours/{re.sub('[/]', '_', name)}.npy").astype(np.float64)
            b = np.load(f"{folder}/theirs{index}.npy").astype(np.float64)
            if a.shape != b.shape:
                sys.exit(f"{name}: {a.shape} here, {b.shape} there")
            if b.size:
                difference = max(difference, np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"{os.path.basename(args.model)} {' '.join(args.inputs)}: Arete {mine * 1e3:.3f} ms, onnxruntime "
          f"{other * 1e3:.3f} ms, {other / mine:.2f}x; loaded in {min(loads):.3f} to {max(loads):.3f} s; {steps} steps; "
          f"largest difference {difference:.1e}", flush=True)


if __name__ == "__main__":
    main()
