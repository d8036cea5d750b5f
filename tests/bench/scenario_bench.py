#!/usr/bin/env python3
"""What scenarios cost: processor time of `analyze --scenario` over that of plain `analyze`, alone and in
pairs, and of `advise` on every sample model.

  scenario_bench.py --bin PATH [--check] [--runs 3] [--slack 1]

--check exits 1 when a scenario or a pair takes more than 5 times as long as the base, or `advise` more
than 2 s (times --slack) on any model of models/."""
import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST = 5.0
ADVISE_S = 2.0
# Convolutions, a transformer, and many small layers; the pairs of all scenarios take a while on each.
MODELS = (("resnet50", "v100"), ("bert_base", "v100"), ("mobilenet_v3_large", "rpi4b"))


def seconds(command, runs):
    """The least processor time of some runs; None where the scenario cannot be applied."""
    best = None
    for _ in range(runs):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) == 2:
            return None
        if status:
            sys.exit(f"{' '.join(command)} exited with {os.waitstatus_to_exitcode(status)}")
        used = usage.ru_utime + usage.ru_stime
        best = used if best is None else min(best, used)
    return best


def tried(binary, path, machine):
    """Every scenario that advise tries."""
    run = subprocess.run([binary, "advise", path, "--hardware", machine, "--format", "json"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    told = json.loads(run.stdout)["machines"][0]
    return [item["scenario"] for item in (*told["advice"], *told["pointless"])]


def ratios(binary, name, machine, runs):
    path = str(ROOT / "models" / f"{name}.onnx")
    command = [binary, "analyze", path, "--hardware", machine, "--format", "json"]
    base = seconds(command, 3 * runs)
    found = []
    names = tried(binary, path, machine)
    for asked in (*((n,) for n in names), *itertools.combinations(names, 2)):
        flags = [word for text in asked for word in ("--scenario", text)]
        used = seconds([*command, *flags], runs)
        if used is not None:
            found.append((used / base, " + ".join(asked)))
    return base, sorted(found, reverse=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--slack", type=float, default=1)
    a = parser.parse_args()
    failed = False
    for name, machine in MODELS:
        base, found = ratios(a.bin, name, machine, a.runs)
        worst, which = found[0]
        failed |= worst > MOST * a.slack
        print(f"{name} on {machine}: base {base * 1e3:.1f} ms; of {len(found)} scenarios and pairs the slowest, "
              f"{which}, takes {worst:.2f} times as long")
    slowest = (0.0, "")
    for path in sorted((ROOT / "models").glob("*.onnx")):
        start = time.perf_counter()
        subprocess.run([a.bin, "advise", str(path), "--hardware", "v100"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        slowest = max(slowest, (time.perf_counter() - start, path.stem))
    failed |= slowest[0] > ADVISE_S * a.slack
    print(f"advise takes longest on {slowest[1]}: {slowest[0]:.2f} s")
    sys.exit(1 if failed and a.check else 0)


main()
