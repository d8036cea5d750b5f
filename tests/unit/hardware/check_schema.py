#!/usr/bin/python3
"""Checks hardware profiles against the schema, and the schema against profiles it must refuse.

usage: check_schema.py SCHEMA FILES...    exit 0 when all is as expected, 1 otherwise
"""
import copy
import json
import sys

import jsonschema
import yaml

FACT = {"value": "1 GB/s", "source": "s"}
GOOD = {
    "id": "m",
    "name": "M",
    "kind": "cpu",
    "sources": {"s": "a book"},
    "units": [{"name": "v", "kind": "vector", "peaks": {"fp32": {"peak": {"value": "10 GFLOP/s", "source": "s"}}}}],
    "memory": [{"name": "dram", "bandwidth": FACT}],
    "overhead": {"per_launch": {"value": "0 s", "source": "s"}, "per_run": {"value": "0 s", "source": "s"}},
}


def changed(path, value):
    """GOOD with the node at `path` replaced, or removed when `value` is None."""
    profile = copy.deepcopy(GOOD)
    node = profile
    for key in path[:-1]:
        node = node[key]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return profile


PEAK = ("units", 0, "peaks", "fp32", "peak")
BROKEN = {
    "unknown key": changed(("bandwith",), FACT),
    "missing units": changed(("units",), None),
    "missing name": changed(("name",), None),
    "no memory level": changed(("memory",), []),
    "unknown kind": changed(("kind",), "fpga"),
    "unknown precision": changed(("units", 0, "peaks", "fp33"), {"peak": FACT}),
    "number without source": changed(PEAK, {"value": "10 GFLOP/s"}),
    "bare number": changed(PEAK, "10 GFLOP/s"),
    "no unit": changed(PEAK + ("value",), 10),
    "wrong unit": changed(PEAK + ("value",), "10 GB/s"),
    "negative": changed(PEAK + ("value",), "-10 GFLOP/s"),
    "fractional count": changed(("cores",), {"value": 1.5, "source": "s"}),
    "upper-case id": changed(("id",), "M"),
}


def main(schema_path, *files):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failures = []
    for path in files:
        with open(path, encoding="utf-8") as file:
            profile = yaml.safe_load(file)
        for error in validator.iter_errors(profile):
            failures.append(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
    if not validator.is_valid(GOOD):
        failures.append("the minimal profile is refused")
    failures += [f"accepted although broken: {name}" for name, profile in BROKEN.items() if validator.is_valid(profile)]
    print("\n".join(failures) or f"{len(files)} profiles valid, {len(BROKEN)} broken ones refused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else __doc__)
