#!/usr/bin/env python3
"""Checks every sample model, on every shipped profile, against PyTorch's own counts.

  check_models.py --bin PATH --root SOURCE_DIR

Nothing may be unknown, MACs and parameters must equal models/pytorch_counts.json exactly, and the
report must be complete on each machine. Lists of floats that the exporter wrote into the graph
(field `constants`) are no parameters in PyTorch but may be here. Parameters that torchvision
documents differently need a note in that file that says why."""
import argparse
import json
import pathlib
import subprocess
import sys


SIZE_LIMIT = 10 * 2**20  # bytes of all models


def analyze(binary, model, dims, machines):
    """The report, and what went wrong if there is none."""
    command = [binary, "analyze", str(model), "--format", "json", "--hardware", ",".join(machines)]
    for name, size in dims.items():
        command += ["--dim", f"{name}={size}"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        return None, f"exit {run.returncode}\n{run.stderr}"
    return json.loads(run.stdout), None


def faults(report, count):
    totals, coverage = report["totals"], report["coverage"]
    if totals["macs"] != count["macs"]:
        yield f"{totals['macs']:,} MACs, PyTorch executes {count['macs']:,}"
    others = report["model"]["parameters"] - count["parameters"]
    if not 0 <= others <= count.get("constants", 0):
        yield f"{report['model']['parameters']:,} parameters, PyTorch has {count['parameters']:,}"
    documented = count.get("documented_parameters", count["parameters"])
    if documented != count["parameters"] and not count.get("note"):
        yield f"documented parameters {documented:,} differ without a reason"
    if coverage["unknown"] or coverage["unknown_ops"] or not totals["complete"]:
        yield f"unknown: {coverage['unknown_ops']}"
    if len(report["nodes"]) != coverage["exact"] + coverage["approximate"]:
        yield "coverage does not add up"
    for diagnostic in report["diagnostics"]:
        if diagnostic["severity"] == "error" or diagnostic["code"] in ("unbound-dim", "stale-value-info"):
            yield diagnostic["message"]
    for result in report["results"]:
        if not result["totals"]["complete"] or result["totals"]["bound"] == "unknown":
            yield f"incomplete on {result['hardware']['id']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--root", required=True, type=pathlib.Path)
    a = parser.parse_args()
    counts = json.loads((a.root / "models/pytorch_counts.json").read_text())
    machines = sorted(p.stem for p in (a.root / "hardware_profiles").glob("*.yaml"))
    files = {p.stem for p in (a.root / "models").glob("*.onnx")}
    failed = [f"{name}: only one of model and counts is there" for name in files ^ set(counts)]
    for name, count in counts.items():
        if name in files:
            report, error = analyze(a.bin, a.root / f"models/{name}.onnx", count["dims"], machines)
            found = [error] if error else faults(report, count)
            failed += [f"{name}: {fault}" for fault in found]
    size = sum(p.stat().st_size for p in (a.root / "models").glob("*.onnx"))
    if size > SIZE_LIMIT:
        failed.append(f"models/ holds {size:,} bytes of models, {SIZE_LIMIT:,} are allowed")
    print("\n".join(failed) or f"{len(counts)} models on {len(machines)} machines: all as PyTorch counts them")
    sys.exit(bool(failed) or not counts)


main()
