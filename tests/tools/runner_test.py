#!/usr/bin/env python3
"""Checks tools/measure-onnxruntime: its syntax and messages always, what it writes where its package
is installed (else exit 77: skipped). Usage: runner_test.py ROOT"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
TOOLS = ROOT / "tools"
RUNNER = TOOLS / "measure-onnxruntime"
SKIPPED = 77

USAGE = {
    (): "name a folder of .onnx files, or the files",
    ("models",): "-o OUT.json is missing",
    ("models", "-o"): "--output needs a value: FILE",
    ("models", "--treads", "2"): "there is no flag '--treads'; --help lists them",
    ("models", "-o", "x", "--threads", "0"): "--threads: found '0', expected a whole number above 0",
    ("models", "-o", "x", "--threads=1.5"):
        "--threads: found '1.5', expected a whole number above 0",
    ("models", "-o", "x", "--level", "99"):
        "--level: found '99', expected disabled, basic, extended, all",
    ("models", "-o", "x", "--budget", "-3"): "--budget: found '-3', expected a number above 0",
    ("models", "-o", "x", "--dim", "batch"): "--dim: found 'batch', expected NAME=N",
    ("models", "-o", "x", "--shape", "x=1x?"): "--shape: found '?', expected a whole number above 0",
}


def expect(truth, message):
    if not truth:
        sys.exit(f"runner_test: {message}")


def run(*words):
    return subprocess.run([RUNNER, *words], capture_output=True, text=True, timeout=300)


def check_syntax(folder):
    for source in [RUNNER, *TOOLS.glob("lib/*.js")]:
        copy = folder / f"{source.name}.cjs"  # the extension tells node what to parse it as
        shutil.copyfile(source, copy)
        subprocess.run(["node", "--check", copy], check=True)


def check_usage():
    for words, message in USAGE.items():
        got = run(*words)
        wanted = f"measure-onnxruntime: error: {message}\n"
        expect((got.returncode, got.stdout, got.stderr) == (2, "", wanted), f"{words}: {got}")


def check_row(row):
    expect(row["model"] == "tiny.onnx" and row["dims"] == {"batch": 2}, f"row {row}")
    expect(len(row["round_medians_s"]) == 2 and row["runs"] == 5, f"rounds of {row}")
    expect(row["median_s"] == min(row["round_medians_s"]), f"median of {row}")
    expect(0 < row["p10_s"] <= row["median_s"] <= row["p90_s"] < 1, f"times of {row}")
    expect(row["nodes"], "no nodes")
    for node in row["nodes"]:
        expect(node["op"] and node["seconds"] > 0 and node["runs"] == 5, f"node {node}")
        expect(all(isinstance(size, int) for shape in node["outputs"] for size in shape), f"{node}")
    expect(any(shape and shape[0] == 2 for node in row["nodes"] for shape in node["outputs"]),
           "no output has the batch that was asked for")


def check_measuring(folder):
    models = folder / "models"
    models.mkdir()
    for name in ("tiny.onnx", "broken.onnx"):
        shutil.copyfile(ROOT / "tests" / "golden" / name, models / name)
    out = folder / "out.json"
    got = run(models, "-o", out, "--repeats", "5", "--rounds", "2", "--dim", "batch=2")
    expect(got.returncode == 0, f"{got}")
    expect(got.stdout == f"{out}: 1 models measured, 1 failed\n", got.stdout)
    document = json.loads(out.read_text())
    head = {key: document[key] for key in ("kind", "schema_version", "runtime", "level", "threads")}
    expect(head == {"kind": "roofline-measurements", "schema_version": 1, "runtime": "onnxruntime",
                    "level": "all", "threads": 1}, f"head {head}")
    lock = json.loads((TOOLS / "package-lock.json").read_text())
    pinned = lock["packages"]["node_modules/onnxruntime-node"]["version"]
    expect(document["runtime_version"] == pinned, f"version {document['runtime_version']}")
    expect(document["machine"] and len(document["date"]) == 10, "no machine or date")
    check_row(document["rows"][0])
    expect([row["model"] for row in document["failures"]] == ["broken.onnx"], "failures")
    expect("\n" not in document["failures"][0]["error"], "an error of several lines")
    expect(sorted(p.name for p in folder.iterdir() if not p.name.endswith(".cjs"))
           == ["models", "out.json"], "files are left behind")


def main():
    if shutil.which("node") is None:
        print("skipped: there is no node")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_syntax(folder)
        check_usage()
        if not (TOOLS / "node_modules").is_dir():
            print(f"syntax and messages are right; measuring skipped: npm ci --ignore-scripts --prefix {TOOLS}")
            return SKIPPED
        check_measuring(folder)
    print("measure-onnxruntime: right")
    return 0


sys.exit(main())
