#!/usr/bin/env python3
"""Whole-process time and memory on large generated models, page cache warm.

  process_bench.py --bin PATH [--check] [--runs 7] [--slack 1]

Prints, per case, the best wall time, peak RSS and the ratio to its budget; --check exits 1 when a
budget times --slack is broken (a shared machine needs some). The models: 575 MB of inline weights,
a sparse 10 GB file, and a 50,000-node graph (with a 10,000-node one beside it, to see that time is
linear in nodes); a sweep prices ResNet-50 at 256 sizes. A directory of 1,000 models takes one core at
most 5 ms each, in memory that does not grow with their number. A calibrated prediction with a runtime's own rules may take twice the time of an
uncalibrated one: of the graph, and of a convolutional and a transformer model."""
import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time


ROOT = pathlib.Path(__file__).resolve().parents[2]


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def number(field_number, value):
    return varint(field_number << 3) + varint(value)


def value_info(name, dims):
    shape = b"".join(field(1, number(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, number(1, 1) + field(2, shape)))


def node(op, inputs, outputs, name):
    return (b"".join(field(1, i) for i in inputs) + b"".join(field(2, o) for o in outputs)
            + field(3, name) + field(4, op))


def header(graph_size):
    return number(1, 8) + field(8, number(2, 17)) + varint(7 << 3 | 2) + varint(graph_size)


def weights_model(path, tensors, size):
    """`tensors` matrices of `size` bytes each; payloads are holes, so 10 GB takes no disk."""
    columns = 1024
    rows = size // 4 // columns
    nodes = b"".join(field(1, node(b"MatMul", [b"x", b"w%d" % i], [b"y%d" % i], b"m%d" % i))
                     for i in range(tensors))
    tail = field(11, value_info(b"x", [1, rows])) + b"".join(
        field(12, value_info(b"y%d" % i, [1, columns])) for i in range(tensors))
    heads = []
    for i in range(tensors):
        body = number(1, rows) + number(1, columns) + number(2, 1) + field(8, b"w%d" % i)
        raw = varint(9 << 3 | 2) + varint(rows * columns * 4)
        tensor = len(body) + len(raw) + rows * columns * 4
        heads.append(varint(5 << 3 | 2) + varint(tensor) + body + raw)
    graph_size = len(nodes) + len(tail) + sum(len(h) + rows * columns * 4 for h in heads)
    with open(path, "wb") as f:
        f.write(header(graph_size) + nodes)
        for h in heads:
            f.write(h)
            f.seek(rows * columns * 4, os.SEEK_CUR)
        f.write(tail)


def chain_model(path, nodes):
    body = bytearray()
    for i in range(nodes):
        op = b"Relu" if i % 2 else b"Sigmoid"
        body += field(1, node(op, [b"x%d" % i], [b"x%d" % (i + 1)], b"/block%d/layer%d" % (i // 100, i)))
    body += field(11, value_info(b"x0", [1, 64, 32, 32])) + field(12, value_info(b"x%d" % nodes, [1, 64, 32, 32]))
    with open(path, "wb") as f:
        f.write(header(len(body)) + bytes(body))


def measure(command, runs):
    """Least wall time, peak memory and least processor time of some runs."""
    best, rss, used = 1e9, 0, 1e9
    for _ in range(runs):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        best = min(best, time.perf_counter() - start)
        rss = usage.ru_maxrss / 1024
        used = min(used, usage.ru_utime + usage.ru_stime)
        if status:
            sys.exit(f"{' '.join(command)} exited with {os.waitstatus_to_exitcode(status)}")
    return best, rss, used


def copies(directory, count):
    """Real models that are small, over and over."""
    small = sorted(p for p in (ROOT / "models").glob("*.onnx") if p.stat().st_size < 100_000)
    for i in range(count):
        shutil.copy(small[i % len(small)], os.path.join(directory, f"{i:04}.onnx"))


def many_models(binary, slack):
    """True when a budget of many models is broken."""
    rss = {}
    failed = False
    for count in (100, 1000):
        with tempfile.TemporaryDirectory() as tmp:
            copies(tmp, count)
            for flags in (["--totals"], []):
                command = [binary, "analyze", tmp, "--jobs", "1", "--hardware", "v100",
                           "--format", "ndjson", *flags]
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                seconds = usage.ru_utime + usage.ru_stime  # of one core, whoever else uses it
                rss[count, len(flags)] = usage.ru_maxrss / 1024
                failed |= status != 0 or seconds > count * 0.005 * slack
                print(f"{count} models, ndjson {' '.join(flags) or 'with layers'}: "
                      f"{count / seconds:.0f} a second and core, {usage.ru_maxrss / 1024:.1f} MB")
    return failed or any(rss[1000, kind] > 1.25 * rss[100, kind] for kind in (0, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--slack", type=float, default=1)
    a = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    failed = False
    with tempfile.TemporaryDirectory() as tmp:
        files = {n: os.path.join(tmp, n + ".onnx") for n in ("inline575", "sparse10g", "nodes10k", "nodes50k")}
        weights_model(files["inline575"], 20, 575_000_000 // 20 // 4096 * 4096)
        weights_model(files["sparse10g"], 20, 500 << 20)
        chain_model(files["nodes10k"], 10_000)
        chain_model(files["nodes50k"], 50_000)
        with open(files["inline575"], "rb") as f:  # warm the page cache
            while f.read(1 << 24):
                pass
        print(f"{'case':34} {'best ms':>9} {'budget':>8} {'ratio':>7} {'RSS MB':>8} {'budget':>8}")
        times = {}
        analyses = [(f"{name} {fmt}", ["analyze", files[name], "--format", fmt], limit_s, limit_mb)
                    for name, fmt, limit_s, limit_mb in (
                        ("inline575", "text", 0.020, 40), ("sparse10g", "text", 0.020, 40),
                        ("nodes10k", "text", 0.3, None), ("nodes50k", "text", 0.3, None),
                        ("nodes50k", "json", 0.5, None))]
        sweep = ("sweep of 256 batches", ["sweep", str(ROOT / "models" / "resnet50.onnx"), "--runtime", "tensorrt",
                                          "--precision", "fp16", "--dim", "batch=1..256"], 0.3, 64)
        for case, words, limit_s, limit_mb in (*analyses, sweep):
            seconds, rss, _ = measure([a.bin, *words, "--hardware", "v100"], a.runs)
            times[case] = seconds
            failed |= seconds > limit_s * a.slack or (limit_mb is not None and rss > limit_mb)
            print(f"{case:34} {seconds * 1e3:9.1f} {limit_s * 1e3:8.0f} {seconds / limit_s:7.2f} "
                  f"{rss:8.1f} {limit_mb or '-':>8}")
        for name in (files["nodes50k"], *(ROOT / "models" / m for m in ("resnet152.onnx", "bert_large.onnx"))):
            command = [a.bin, "analyze", name, "--hardware", "epyc-zen5-vm", "--runtime"]
            seconds = {r: measure([*command, r], a.runs)[2] for r in ("basic", "onnxruntime:all")}
            ratio = seconds["onnxruntime:all"] / seconds["basic"]
            failed |= ratio > 2
            print(f"{pathlib.Path(name).name}: onnxruntime:all takes {ratio:.2f} times as long as basic")
        failed |= many_models(a.bin, a.slack)
        growth = times["nodes50k text"] / times["nodes10k text"]
        failed |= growth > 8  # 5 times the nodes, some noise, and no quadratic term
        print(f"50,000 nodes take {growth:.2f} times as long as 10,000 (5 = linear)")
    sys.exit(1 if failed and a.check else 0)


main()
