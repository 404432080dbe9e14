"""Times PyTorch (cuBLAS, cuDNN) on the cases that tools/gpu.sh gives to arete bench: one table for both.

  gpu_torch.py --cases         prints the cases, a line each, as arete bench takes them
  gpu_torch.py --versions A    prints as JSON what versions are here; A is the arete command
  gpu_torch.py OUT.json [S]    times each for about S seconds (default 0.5) on the first CUDA device

TF32 is off everywhere: f32 is f32. A figure is the median over samples of at least 10 queued calls between two
events. Results are not checked here: arete bench checks its own.
"""
import datetime
import json
import platform
import statistics
import subprocess
import sys

SQUARES = (512, 1024, 2048, 4096, 8192)
CASES = [f"matmul m={n} n={n} k={n}" for n in SQUARES]
CASES += ["matmul m=4096 n=4096 k=4096 dtype=f16", "matmul m=5124 n=700 k=2048", "matmul m=1 n=4096 k=4096",
          "matmul m=128 n=3072 k=768 tb=1"]
CASES += ["conv n=1 c=64 m=64 in=56x56 k=3x3 pad=1", "conv n=8 c=64 m=64 in=56x56 k=3x3 pad=1",
          "conv n=32 c=128 m=128 in=28x28 k=3x3 pad=1", "conv n=32 c=256 m=256 in=14x14 k=3x3 pad=1",
          "conv n=8 c=64 m=256 in=56x56 k=1x1", "conv n=8 c=3 m=64 in=224x224 k=7x7 stride=2 pad=3"]
CASES += ["rnn cell=lstm hidden=512 batch=1 steps=25 bias=1", "rnn cell=lstm hidden=512 batch=16 steps=25 bias=1",
          "rnn cell=lstm hidden=1024 batch=32 steps=10 bias=1"]
CASES += ["attention b=1 hq=12 sq=512 d=64", "attention b=1 hq=12 sq=2048 d=64", "attention b=8 hq=16 sq=1024 d=64"]


def words(case):
    operation, *rest = case.split()
    return operation, dict(word.split("=") for word in rest)


def pair(text):
    parts = [int(x) for x in text.split("x")]
    return parts if len(parts) == 2 else parts * 2


def operation(torch, case):
    """The call, and its operations by definition."""
    name, w = words(case)
    number = lambda key, otherwise=1: int(w.get(key, otherwise))
    dtype = {"f32": torch.float32, "f16": torch.float16}[w.get("dtype", "f32")]
    make = lambda *shape: torch.rand(*shape, device="cuda", dtype=torch.float32).sub_(0.5).to(dtype)
    if name == "matmul":
        m, n, k = number("m"), number("n"), number("k")
        a, b = make(m, k), make(n, k).t() if w.get("tb") == "1" else make(k, n)
        return (lambda: torch.matmul(a, b)), 2 * m * n * k
    if name == "conv":
        size, window = pair(w["in"]), pair(w["k"])
        stride, pad = number("stride"), number("pad", 0)
        x, kernel = make(number("n"), number("c"), *size), make(number("m"), number("c"), *window)
        out = [(s + 2 * pad - k) // stride + 1 for s, k in zip(size, window)]
        flops = 2 * number("n") * number("m") * number("c") * out[0] * out[1] * window[0] * window[1]
        return (lambda: torch.nn.functional.conv2d(x, kernel, stride=stride, padding=pad)), flops
    if name == "rnn":
        hidden, batch, steps = number("hidden"), number("batch"), number("steps")
        layer = torch.nn.LSTM(hidden, hidden).cuda().eval()
        x = make(steps, batch, hidden)
        return (lambda: layer(x)[0]), 2 * 4 * hidden * 2 * hidden * batch * steps
    if name == "attention":
        b, h, s, d = number("b"), number("hq"), number("sq"), number("d")
        q, k, v = make(b, h, s, d), make(b, h, s, d), make(b, h, s, d)
        return (lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v)), 4 * b * h * s * s * d
    raise ValueError(case)


def time_one(torch, case, budget):
    call, flops = operation(torch, case)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    with torch.no_grad():
        for _ in range(5):
            call()
        torch.cuda.synchronize()
        queued, samples, spent = 10, [], 0.0
        while len(samples) < 10 or (spent < budget and len(samples) < 400):
            start.record()
            for _ in range(queued):
                call()
            end.record()
            end.synchronize()
            seconds = start.elapsed_time(end) * 1e-3
            spent += seconds
            if not samples and seconds < 0.01 and queued < 5000:
                queued *= 2  # a sample lasts at least 10 ms
                continue
            samples.append(seconds / queued)
            if spent > 20 * budget:
                break
    median = statistics.median(samples)
    return {"case": case, "seconds": {"median": median, "min": min(samples), "samples": samples},
            "gflops": flops / median * 1e-9, "flops": flops, "queued": queued}


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip().splitlines()[0]
    except Exception as reason:
        return f"unknown: {reason}"


def versions(arete):
    query = "--query-gpu=name,driver_version,memory.total"
    found = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
             "machine": platform.platform(), "arete": first_line(arete, "--version"),
             "gpu": first_line("nvidia-smi", query, "--format=csv,noheader")}
    try:
        import torch
        found.update(torch=torch.__version__, torch_cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version())
    except Exception as reason:
        found["torch"] = f"none: {reason}"
    return found


def main():
    if sys.argv[1:2] == ["--versions"]:
        print(json.dumps(versions(sys.argv[2]), indent=1))
        return 0
    if sys.argv[1:2] == ["--cases"]:
        print("\n".join(CASES))
        return 0
    import torch
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    budget = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
    report = {"peer": "pytorch", "version": torch.__version__, "cuda": torch.version.cuda,
              "cudnn": torch.backends.cudnn.version(), "device": torch.cuda.get_device_name(0), "tf32": False,
              "cases": []}
    for case in CASES:
        try:
            report["cases"].append(time_one(torch, case, budget))
            print(f"{report['cases'][-1]['gflops']:10.1f} GFLOP/s  {case}", flush=True)
        except Exception as reason:  # one case that does not run leaves the others
            report["cases"].append({"case": case, "failed": str(reason)[:300]})
            print(f"    failed          {case}: {reason}", flush=True)
        with open(sys.argv[1], "w") as file:
            json.dump(report, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
