#!/usr/bin/env python3
"""Checks JSON reports: schema, sums, bounds, ids, and that CSV lists the same layers.

usage: check_report.py --schema SCHEMA REPORT.json [REPORT.csv]
       check_report.py --schema SCHEMA --bin ROOFLINE MODEL [FLAGS...]
"""
import argparse
import csv
import json
import math
import subprocess
import sys

import jsonschema

NODE_SUMS = ("macs", "flops", "transcendentals", "activation_read_bytes", "weight_read_bytes",
             "written_bytes", "traffic_bytes")
LAYER_SUMS = ("macs", "flops", "planned_bytes", "dram_bytes")
LAYER_TIMES = ("compute_s", "memory_s", "roofline_latency_s")


class Problems:
    def __init__(self):
        self.found = []

    def check(self, good, text):
        if not good:
            self.found.append(text)

    def same(self, a, b, text):
        self.check(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-15), f"{text}: {a} is not {b}")


def check_nodes(report, problems):
    nodes, totals, coverage = report["nodes"], report["totals"], report["coverage"]
    ids = [node["id"] for node in nodes]
    problems.check(len(set(ids)) == len(ids), "node ids are not unique")
    problems.check(len(ids) == report["model"]["nodes"], "model.nodes is not the number of nodes")
    problems.check(coverage["exact"] + coverage["approximate"] + coverage["unknown"] == len(ids),
                   "coverage does not add up to the nodes")
    for key in NODE_SUMS:
        total = sum(node[key] or 0 for node in nodes)
        if totals["complete"]:
            problems.check(total == totals[key], f"totals.{key}: nodes sum to {total}")
        else:
            problems.check(total <= totals[key], f"totals.{key}: nodes sum to more, {total}")
    for node in nodes:
        parts = [node[key] for key in NODE_SUMS[3:6]]
        if None not in parts:
            problems.check(sum(parts) == node["traffic_bytes"], f"{node['id']}: traffic_bytes")
        if node["macs"] is not None:
            problems.check(node["flops"] >= 2 * node["macs"], f"{node['id']}: flops < 2 * macs")
        if node["confidence"] == "unknown":
            problems.check(node["flops"] is None, f"{node['id']}: unknown, yet flops are given")
    live = [node["live_bytes"] or 0 for node in nodes]
    problems.check(max(live, default=0) <= totals["peak_activation_bytes"], "peak below live_bytes")


def check_layer(layer, where, problems):
    floor = max(layer["compute_s"], layer["memory_s"])
    slack = 1 + 1e-9
    problems.check(layer["roofline_latency_s"] * slack >= floor, f"{where}: roofline below its terms")
    problems.check(layer["predicted_latency_s"] * slack >= layer["roofline_latency_s"],
                   f"{where}: predicted below roofline")
    if not layer["complete"]:
        problems.check(layer["flops"] is None or layer["bound"] is not None, where)
    if layer["levels"]:
        slowest = max(level["seconds"] for level in layer["levels"])
        problems.same(layer["memory_s"], slowest, f"{where}: memory_s is not the slowest level")


def check_result(report, result, problems):
    where, layers, totals = result["hardware"]["id"], result["layers"], result["totals"]
    ids = [layer["id"] for layer in layers]
    problems.check(len(set(ids)) == len(ids), f"{where}: layer ids are not unique")
    placed = sorted(n for layer in layers for n in layer["node_ids"])
    problems.check(placed == sorted(node["id"] for node in report["nodes"]),
                   f"{where}: layers do not hold every node exactly once")
    for layer in layers:
        problems.check(layer["id"] == layer["node_ids"][0], f"{where}: id of layer {layer['id']}")
        check_layer(layer, f"{where}: layer {layer['id']}", problems)
    for key in LAYER_SUMS:
        total = sum(layer[key] or 0 for layer in layers)
        if totals["complete"]:
            problems.check(total == totals[key], f"{where}: {key}: layers sum to {total}")
    for key in LAYER_TIMES:
        problems.same(sum(layer[key] for layer in layers), totals[key], f"{where}: {key}")
    run = totals["run_overhead_s"]
    for key in ("overhead_s", "predicted_latency_s"):
        problems.same(sum(layer[key] for layer in layers) + run, totals[key], f"{where}: {key}")
    problems.check(totals["complete"] == all(layer["complete"] for layer in layers)
                   or not totals["complete"], f"{where}: complete, yet a layer is not")
    counted = sum(layer["repeat"] != 0 for layer in layers)
    problems.check(sum(totals["layers_by_bound"].values()) == counted, f"{where}: by bound")
    spent = sum(totals["time_by_bottleneck_s"].values())
    problems.check(spent <= totals["predicted_latency_s"] * (1 + 1e-9) + 1e-15,
                   f"{where}: time by bottleneck exceeds the predicted latency")
    shares = sum(layer["share"] for layer in layers)
    problems.check(shares <= 1 + 1e-9, f"{where}: shares sum to {shares}")


def check_csv(report, text, problems):
    rows = list(csv.DictReader(text.splitlines()))
    if report["results"]:
        got = [(row["hardware"], row["id"], row["flops"]) for row in rows]
        listed = [(result["hardware"]["id"], layer) for result in report["results"]
                  for layer in result["layers"]]
    else:
        got = [("", row["id"], row["flops"]) for row in rows]
        listed = [("", node) for node in report["nodes"]]
    wanted = [(machine, row["id"], "" if row["flops"] is None else str(row["flops"]))
              for machine, row in listed]
    problems.check(got == wanted, "CSV and JSON do not list the same layers")


def check(report, schema, csv_text=None):
    """Every problem found, as text; [] when the report is sound."""
    problems = Problems()
    validator = jsonschema.Draft7Validator(schema)
    for error in sorted(validator.iter_errors(report), key=lambda e: list(map(str, e.path)))[:20]:
        problems.found.append(f"schema: {'/'.join(map(str, error.path))}: {error.message[:200]}")
    if problems.found:
        return problems.found
    check_nodes(report, problems)
    for result in report["results"]:
        check_result(report, result, problems)
    if csv_text is not None:
        check_csv(report, csv_text, problems)
    return problems.found


def unique_keys(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"repeated key in {keys[:10]}")
    return dict(pairs)


def load(text):
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")
    return json.loads(text, object_pairs_hook=unique_keys, parse_constant=refuse)


def run(binary, model, flags, output_format):
    command = [binary, "analyze", model, *flags, "--format", output_format]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3, 4) or not done.stdout:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--bin")
    parser.add_argument("input", nargs="+")
    arguments, flags = parser.parse_known_args()
    with open(arguments.schema, encoding="utf-8") as file:
        schema = json.load(file)
    if arguments.bin:
        model = arguments.input[0]
        extra = arguments.input[1:] + flags
        json_text = run(arguments.bin, model, [*extra, "--tensors"], "json")
        csv_text = run(arguments.bin, model, extra, "csv")
    else:
        texts = []
        for path in arguments.input[:2]:
            with open(path, encoding="utf-8", newline="") as file:
                texts.append(file.read())
        json_text, csv_text = texts[0], texts[1] if len(texts) > 1 else None
    problems = check(load(json_text), schema, csv_text)
    for problem in problems:
        print(f"{arguments.input[0]}: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
