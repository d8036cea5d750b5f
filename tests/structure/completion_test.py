#!/usr/bin/env python3
"""Completes command lines in real shells. Usage: completion_test.py --bin ROOFLINE

bash must be there. zsh and fish are asked where they are installed, else skipped, which is said."""
import argparse
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

# Command line up to the cursor -> every answer, or answers that must be among them.
EXACT = {
    "roofline an": ["analyze"],
    "roofline hardware ": ["list", "show", "check"],
    "roofline hardware s": ["show"],
    "roofline hardware show v1": ["v100", "v100-pcie"],
    "roofline analyze --form": ["--format"],
    "roofline analyze --format ": ["text", "json", "ndjson", "csv"],
    "roofline analyze m.onnx --format=n": ["ndjson"],
    "roofline validate --format ": ["text", "json", "csv"],
    "roofline analyze --precision fp": ["fp64", "fp32", "fp16", "fp8"],
    "roofline analyze --sort tr": ["traffic"],
    "roofline analyze --hardware v100,xavier-": ["v100,xavier-cpu", "v100,xavier-dla", "v100,xavier-nx"],
    "roofline analyze --runtime tensor": ["tensorrt", "tensorrt:mlperf", "tensorrt:paddle",
                                          "tensorrt:torch2trt"],
    # bash has "onnxruntime:" already: ':' ends a word there.
    "roofline analyze --runtime onnxruntime:e": ["extended"],
    "roofline analyze --top ": [],
    "roofline analyze mod": ["models"],
    "roofline analyze models/resnet15": ["models/resnet152.onnx"],
    "roofline analyze --strict -o LICEN": ["LICENSE"],
    "roofline calibrate host --i": ["--id"],
    "roofline completion ": ["bash", "zsh", "fish"],
    "roofline --v": ["--version"],
}
AMONG = {
    "roofline ": ["analyze", "hardware", "completion", "--help"],
    "roofline analyze --": ["--hardware", "--jobs", "--totals", "--help"],
    "roofline ops com.microsoft.Att": ["com.microsoft.Attention"],
}


def in_bash(script, line):
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    program = (f"source {shlex.quote(script)}\n"
               f"COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)} COMP_CWORD={len(words) - 1}\n"
               f"COMP_WORDS=({' '.join(map(shlex.quote, words))})\n"
               "handler=$(complete -p roofline | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\n"
               "$handler roofline \"${COMP_WORDS[-1]}\" \"${COMP_WORDS[-2]}\"\n"
               "(( ${#COMPREPLY[@]} )) && printf '%s\\n' \"${COMPREPLY[@]}\" || true")
    done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def in_fish(script, line):
    program = f"source {shlex.quote(script)}; complete -C {shlex.quote(line)}"
    done = subprocess.run(["fish", "--no-config", "-c", program], capture_output=True, text=True,
                          check=True)
    return [answer.split("\t")[0].rstrip("/") for answer in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    binary = parser.parse_args().bin
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        scripts = {}
        for shell in ("bash", "zsh", "fish"):
            scripts[shell] = str(pathlib.Path(scratch) / shell)
            text = subprocess.run([binary, "completion", shell], capture_output=True, text=True,
                                  check=True).stdout
            pathlib.Path(scripts[shell]).write_text(text, encoding="utf-8")
            if shutil.which(shell) is None:
                print(f"{shell}: skipped, it is not installed")
                continue
            checked = subprocess.run([shell, "-n", scripts[shell]], capture_output=True, text=True)
            if checked.returncode or checked.stderr:
                problems.append(f"{shell} -n: {checked.stderr}")
        for line, wanted in {**EXACT, **AMONG}.items():
            got = in_bash(scripts["bash"], line)
            if line in EXACT and sorted(got) != sorted(wanted) or not set(wanted) <= set(got):
                problems.append(f"bash: '{line}' completes to {got}, expected {wanted}")
            if shutil.which("fish") is None or re.search("[,:=]", line):
                continue
            got = in_fish(scripts["fish"], line)
            # fish offers flags behind a '-' only.
            if not {word for word in wanted if "-" in line or word[0] != "-"} <= set(got):
                problems.append(f"fish: '{line}' completes to {got}, expected {wanted}")
    print("\n".join(problems) or f"{len(EXACT) + len(AMONG)} command lines complete")
    return bool(problems)


sys.exit(main())
