#!/usr/bin/env python3
"""Runs command lines and compares everything they print with what is expected.

usage: run_golden.py --bin ROOFLINE TEST...
A .test file is comments (#), environment lines (NAME=value), one "$ arguments" line, then sections
"--- stdout", "--- stderr" and "--- exit N". The command runs in the project's root; $TMP in the
arguments is an empty directory. Paths of both are printed as $ROOT and $TMP. "--- file NAME" is a
file the command wrote to $TMP. Whatever it analyzes is analyzed again as JSON, CSV and Markdown and
checked by check_report.py and check_formats.py; what another command prints is printed again as JSON and
checked against its schema, and what it compares is compared again as saved reports; verdicts are
printed as JUnit XML too. ROOFLINE_UPDATE_GOLDENS=1 rewrites the files with what the command prints.
"""
import argparse
import difflib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import check_formats
import check_report
import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCHEMA = ROOT / "docs" / "schemas" / "report.schema.json"
# Commands whose JSON has a schema of its own.
SCHEMAS = {command: ROOT / "docs" / "schemas" / f"{name}.schema.json"
           for command, name in (("validate", "validation"), ("sweep", "sweep"), ("diff", "difference"),
                             ("compare", "comparison"), ("check", "check"),
                             ("advise", "advice"), ("request", "request"))}
# Flags of the text report, which JSON and CSV refuse, with their values; then those without one.
TEXT_FLAGS = ("--sort", "--top", "--group-by", "--explain", "--format", "--report", "--output", "-o")
FAILURE_SCHEMA = ROOT / "docs" / "schemas" / "failure.schema.json"
SWITCHES = ("--tensors", "--layers", "--totals", "--plot")


class Golden:
    def __init__(self, path):
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        head, _, _ = self.text.partition("\n--- ")
        lines = head.splitlines()
        self.header = [line for line in lines if not line.startswith("$")]
        commands = [line[1:].strip() for line in lines if line.startswith("$")]
        if len(commands) != 1:
            sys.exit(f"{path}: {len(commands)} lines start with '$', expected one")
        self.command = commands[0]
        self.environment = dict(re.findall(r"^(\w+)=(.*)$", "\n".join(self.header), re.M))

    def expected(self, sections):
        """The file as it should be, given what a run printed."""
        text = "\n".join([*self.header, f"$ {self.command}".rstrip()]) + "\n"
        for name, content in sections:
            text += f"--- {name}\n{content}"
            if content and not content.endswith("\n"):
                text += "\n\\ no newline at end\n"
        return text


def environment(golden):
    kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
            if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", **golden.environment}


def execute(binary, arguments, golden):
    done = subprocess.run([binary, *arguments], capture_output=True, cwd=ROOT, check=False,
                          env=environment(golden), timeout=120)
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def sections_of(binary, golden, scratch):
    arguments = [word.replace("$TMP", scratch) for word in shlex.split(golden.command)]
    code, out, err = execute(binary, arguments, golden)

    def neutral(text):
        return text.replace(scratch, "$TMP").replace(str(ROOT), "$ROOT").replace("\r\n", "\n")
    sections = [("stdout", neutral(out)), ("stderr", neutral(err)), (f"exit {code}", "")]
    for file in sorted(pathlib.Path(scratch).iterdir()):
        data = file.read_bytes()
        text = f"{len(data)} bytes\n" if file.suffix == ".onnx" else data.decode("utf-8")
        sections.append((f"file {file.name}", neutral(text)))
    return code, sections


def report_arguments(command):
    """The command without flags of the text report; None when it reports nothing."""
    words = shlex.split(command)
    if not words or words[0] not in ("analyze", *SCHEMAS) or {"--help", "--dims", "--init"} & set(words):
        return None
    kept = []
    skip = False
    for word in words:
        if not skip and word.split("=")[0] not in (*TEXT_FLAGS, *SWITCHES):
            kept.append(word)
        skip = not skip and word in TEXT_FLAGS
    return kept


def check_junit(run_words, arguments, verdicts):
    """JUnit XML is XML, and tells of the same verdicts as JSON."""
    _, text, _ = run_words([*arguments, "--format", "junit"])
    told = [(suite.get("name"), case.find("failure") is None)
            for suite in xml.etree.ElementTree.fromstring(text) for case in suite]
    same = told == [(verdict["model"], verdict["passes"]) for verdict in verdicts]
    return [] if same else ["JUnit XML and JSON differ"]


def without_layers(report):
    """What --totals must say of a report."""
    kept = {key: value for key, value in report.items() if key not in ("nodes", "tensors")}
    results = [{key: value for key, value in result.items() if key != "layers"}
               for result in report["results"]]
    return {**kept, "kind": "totals", "results": results}


def check_many(run_words, arguments, schema):
    """Every line of NDJSON is a sound report or failure; --totals and CSV say the same."""
    def lines(*flags):
        _, text, _ = run_words([*arguments, "--format", *flags])
        return text.splitlines()
    whole = [check_report.load(line) for line in lines("ndjson", "--tensors", "--jobs", "2")]
    brief = [check_report.load(line) for line in lines("ndjson", "--totals", "--jobs", "1")]
    header, *rows = lines("csv", "--jobs", "3")
    totals_rows = lines("csv", "--totals")[1:]
    failure = jsonschema.Draft7Validator(json.loads(FAILURE_SCHEMA.read_text()))
    reports = [report for report in whole if report["kind"] == "analysis"]
    problems = [e.message for line in whole if line["kind"] == "failure"
                for e in failure.iter_errors(line)]
    wanted = [without_layers(r) if r["kind"] == "analysis" else r for r in whole]
    if wanted != brief:
        problems.append("--totals and the whole reports differ")
    for line in brief:
        if line["kind"] == "totals":
            problems += [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(line)]
    for report in reports:
        path = report["model"]["path"]
        own = [row for row in rows if row.startswith(path + ",")]
        problems += check_report.check(report, schema, "\n".join([header, *own]))
    if len(totals_rows) != sum(max(1, len(report["results"])) for report in reports):
        problems.append(f"{len(totals_rows)} rows of totals for {len(reports)} reports")
    return problems


def check_invariants(binary, golden, schema):
    arguments = report_arguments(golden.command)
    if arguments is None:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        arguments = [word.replace("$TMP", scratch) for word in arguments]
        return check_arguments(lambda words: execute(binary, words, golden), arguments, schema, scratch)


def check_arguments(run_words, arguments, schema, scratch):
    if arguments[0] != "analyze":
        _, text, _ = run_words([*arguments, "--format", "json"])
        validator = jsonschema.Draft7Validator(json.loads(SCHEMAS[arguments[0]].read_text()))
        problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
                    for e in validator.iter_errors(json.loads(text))]
        if arguments[0] == "check":
            problems += check_junit(run_words, arguments, json.loads(text)["verdicts"])
        if arguments[0] in ("validate", "sweep", "check", "advise", "request"):
            return problems
        return problems + check_formats.check_saved(run_words, arguments, scratch)
    _, text, errors = run_words([*arguments, "--format", "json", "--tensors"])
    if "--format ndjson" in errors:  # one report cannot hold them
        return check_many(run_words, arguments, schema)
    _, table, _ = run_words([*arguments, "--format", "csv"])
    _, page, _ = run_words([*arguments, "--format", "markdown", "--sort", "order", "--top", "0"])
    report = check_report.load(text)
    return [*check_report.check(report, schema, table), *check_formats.check_markdown(report, page),
            *check_formats.check_equal(run_words, arguments, scratch)]


def run(binary, golden, schema, update):
    """True when the golden holds."""
    with tempfile.TemporaryDirectory() as scratch:
        code, sections = sections_of(binary, golden, scratch)
    actual = golden.expected(sections)
    if code in (0, 1, 4) or (code == 3 and sections[0][1]):
        for problem in check_invariants(binary, golden, schema):
            print(f"{golden.path.name}: {problem}")
            return False
    if actual == golden.text:
        return True
    if update:
        golden.path.write_text(actual, encoding="utf-8")
        print(f"{golden.path.name}: rewritten")
        return True
    sys.stdout.writelines(difflib.unified_diff(golden.text.splitlines(True), actual.splitlines(True),
                                               f"{golden.path.name} (expected)", "printed"))
    print("ROOFLINE_UPDATE_GOLDENS=1 accepts what was printed")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("tests", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    update = os.environ.get("ROOFLINE_UPDATE_GOLDENS") == "1"
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    binary = str(pathlib.Path(arguments.bin).resolve())
    failed = [path.name for path in arguments.tests
              if not run(binary, Golden(path), schema, update)]
    if failed:
        print(f"{len(failed)} of {len(arguments.tests)} failed: {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
