#!/usr/bin/env python3
"""Runs what docs/ci.md and action.yml tell a reader to run, in copies of examples/ci, with bash as
GitHub runs it, and compares what docs/ci.md shows with what is printed.

usage: ci_snippets_test.py --bin ROOFLINE ROOT
In docs/ci.md, "<!-- run -->" or "<!-- run: exit N -->" stands before a command and its output,
"<!-- file: NAME -->" before a file, "<!-- workflow -->" before a workflow. Steps whose name ends in
"(network)" and steps that use an action are skipped, and said to be.
ROOFLINE_UPDATE_GOLDENS=1 rewrites the outputs."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import jsonschema
import yaml

BLOCK = re.compile(r"<!-- (run|file|workflow)(?:: (.*?))? -->\n```\w+\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.S)


def fail(message):
    sys.exit(f"ci_snippets_test: {message}")


class Shell:
    """A folder and the environment of a runner."""

    def __init__(self, binary, folder, scratch):
        self.folder = folder
        self.scratch = scratch
        scratch.mkdir()
        path = f"{pathlib.Path(binary).resolve().parent}:{os.environ['PATH']}"
        kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        self.environment = {**kept, "PATH": path, "HOME": str(scratch), "LC_ALL": "C.UTF-8", "COLUMNS": "110",
                            "RUNNER_TEMP": str(scratch), "GITHUB_STEP_SUMMARY": str(scratch / "step"),
                            "GITHUB_BASE_REF": "main"}

    def run(self, script, more=()):
        return subprocess.run(["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", script], cwd=self.folder,
                              env={**self.environment, **dict(more)}, capture_output=True, text=True, timeout=120)

    def summary(self):
        path = pathlib.Path(self.environment["GITHUB_STEP_SUMMARY"])
        return path.read_text(encoding="utf-8") if path.exists() else ""


def example(root, scratch):
    folder = scratch / "example"
    shutil.copytree(root / "examples/ci", folder)
    return folder


def check_page(root, binary, scratch):
    """Commands of the page, in order, in one folder. Returns the workflows."""
    page = root / "docs/ci.md"
    text = page.read_text(encoding="utf-8")
    shell = Shell(binary, example(root, scratch), scratch / "runner")
    workflows, files, ran = [], {}, 0

    def block(match):
        nonlocal ran
        kind, argument, content, shown = match.groups()
        if kind == "workflow":
            workflows.append(content)
        elif kind == "file":
            files[argument] = content
            original = shell.folder / argument
            if original.exists() and original.read_text() != content:
                fail(f"docs/ci.md shows another {argument} than examples/ci has")
            original.write_text(content)
        else:
            ran += 1
            done = shell.run(content)
            wanted = int((argument or "exit 0").removeprefix("exit "))
            if done.returncode != wanted or done.stderr:
                fail(f"'{content.strip()}' exits with {done.returncode}, expected {wanted}\n{done.stdout}{done.stderr}")
            return match.group(0).replace(f"```text\n{shown}```", f"```text\n{done.stdout}```")
        return match.group(0)

    updated = BLOCK.sub(block, text)
    if ran == 0 or len(workflows) < 2 or not files:
        fail(f"found {ran} commands, {len(workflows)} workflows, {len(files)} files in docs/ci.md")
    if updated != text:
        if os.environ.get("ROOFLINE_UPDATE_GOLDENS") != "1":
            fail("docs/ci.md shows other output than is printed: ROOFLINE_UPDATE_GOLDENS=1 rewrites it")
        page.write_text(updated, encoding="utf-8")
        print("docs/ci.md: rewritten")
    return workflows, files


def run_steps(steps, shell, inputs):
    """The last step's result; steps that reach the network are skipped."""
    done = None
    for step in steps:
        name = step.get("name", step.get("uses"))
        if "run" not in step or name.endswith("(network)"):
            print(f"skipped, needs the network: {name}")
            continue
        env = {k: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: inputs[m.group(1)], v)
               for k, v in step.get("env", {}).items()}
        if "${{" in step["run"] + "".join(env.values()):
            fail(f"'{name}' has an expression that is not an input in an environment variable")
        done = shell.run(step["run"], env)
        if done.returncode:
            break
    return done


def expect_broken(what, done, shell):
    if done is None or done.returncode != 1 or done.stderr:
        fail(f"{what}: expected exit code 1: {done}")
    if "::error file=" not in done.stdout or "refine1" not in done.stdout:
        fail(f"{what}: no annotation names the added layer:\n{done.stdout}")
    if "**FAIL**" not in shell.summary() or "refine1" not in shell.summary():
        fail(f"{what}: the summary does not name the added layer:\n{shell.summary()}")
    suites = xml.etree.ElementTree.parse(shell.folder / "roofline.xml").getroot()
    if int(suites.get("failures")) == 0:
        fail(f"{what}: JUnit XML tells of no failure")


def git(folder, *words):
    subprocess.run(["git", "-c", "user.name=ci", "-c", "user.email=ci@example.org", *words], cwd=folder, check=True,
                   capture_output=True)


def check_workflow(root, binary, workflow, files, scratch):
    """The workflow in a clone whose branch changes the model."""
    origin = example(root, scratch)
    for name, content in files.items():
        (origin / name).write_text(content.replace("changed/", ""))
    git(origin, "init", "-q", "-b", "main")
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "main")
    clone = scratch / "clone"
    git(scratch, "clone", "-q", str(origin), str(clone))
    shutil.copyfile(root / "examples/ci/changed/classifier.onnx", clone / "classifier.onnx")
    shell = Shell(binary, clone, scratch / "runner")
    (job,) = yaml.safe_load(workflow)["jobs"].values()
    expect_broken("workflow", run_steps(job["steps"], shell, {}), shell)


def check_action(root, binary, workflow, scratch):
    """The action as the workflow that uses it calls it."""
    action = yaml.safe_load((root / "action.yml").read_text(encoding="utf-8"))
    (job,) = yaml.safe_load(workflow)["jobs"].values()
    (given,) = [step["with"] for step in job["steps"] if "onnx-roofline" in step.get("uses", "")]
    if set(given) - set(action["inputs"]):
        fail(f"docs/ci.md gives the action {given}, it has {list(action['inputs'])}")
    inputs = {name: given.get(name, spec["default"]) for name, spec in action["inputs"].items()}
    inputs["binary"] = str(pathlib.Path(binary).resolve())
    shell = Shell(binary, example(root, scratch), scratch / "runner")
    done = run_steps(action["runs"]["steps"], shell, inputs)
    if done is None or done.returncode != 0 or "| pass |" not in shell.summary():
        fail(f"action: expected every budget to hold: {done}\n{shell.summary()}")
    inputs["models"] = "changed/classifier.onnx"
    expect_broken("action", run_steps(action["runs"]["steps"], shell, inputs), shell)
    inputs["budget"] = "none.yaml"
    if run_steps(action["runs"]["steps"], shell, inputs).returncode != 3:
        fail("action: a budget that is not there should exit with 3")


def check_first_budget(root, binary, scratch):
    """A budget elsewhere names the model and the machine as seen from there."""
    shell = Shell(binary, example(root, scratch), scratch / "runner")
    shutil.copyfile(root / "tests/golden/toy.yaml", shell.folder / "toy.yaml")
    done = shell.run("mkdir budgets && roofline check --init classifier.onnx --hardware ./toy.yaml -o budgets/first.yaml && "
                     "cd changed && roofline check --budget ../budgets/first.yaml")
    if done.returncode or "../classifier.onnx" not in (shell.folder / "budgets/first.yaml").read_text():
        fail(f"--init: {done}")


def check_schema(root):
    schema = json.loads((root / "docs/schemas/budget.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    budgets = [*sorted(root.glob("tests/golden/budget_*.yaml")), root / "examples/ci/roofline.yaml"]
    for path in budgets:
        problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
                    for e in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))]
        if bool(problems) != (path.name == "budget_bad.yaml"):
            fail(f"{path.name}: {problems or 'accepted although broken'}")
    rule = {"hardware": "v100", "baseline": "b.json"}
    for limits in ({"latency": 340}, {"latency": "340"}, {"latency": "340 MB"}, {"parameters": "1 MB"}, {"macs": "1 GFLOP"},
                   {"opset": {}}, {"forbidden_ops": []}, {"latency": "+ 5 %"}, {"class": "convolution", "macs": "1 MAC"},
                   {"class": "conv", "each_layer": "a", "macs": "1 MAC"}, {"memory_share": "5 s"}, {}):
        if validator.is_valid({"budgets": [{**rule, **limits}]}):
            fail(f"the schema accepts {limits}")
    for limits in ({"latency": "1.5e3 us"}, {"latency": "-3%"}, {"parameters": 26}, {"parameters": "+26 k"}, {"nodes": "+0"},
                   {"memory_share": "+5 %"}, {"throughput": "1.2 k/s"}, {"peak_memory": "200 MiB"}):
        if not validator.is_valid({"budgets": [{**rule, **limits}]}):
            fail(f"the schema refuses {limits}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("root", type=pathlib.Path)
    arguments = parser.parse_args()
    check_schema(arguments.root)
    with tempfile.TemporaryDirectory() as scratch:
        folders = [pathlib.Path(scratch) / name for name in ("page", "workflow", "action", "first")]
        for folder in folders:
            folder.mkdir()
        workflows, files = check_page(arguments.root, arguments.bin, folders[0])
        check_action(arguments.root, arguments.bin, workflows[0], folders[2])
        check_first_budget(arguments.root, arguments.bin, folders[3])
        check_workflow(arguments.root, arguments.bin, workflows[1], files, folders[1])


if __name__ == "__main__":
    main()
