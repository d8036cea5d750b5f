#!/usr/bin/python3
"""Checks hardware profiles and default calibrations against their schemas, and the schemas against
files that they must refuse.

usage: check_schema.py SCHEMAS FILES...    exit 0 when all is as expected, 1 otherwise
SCHEMAS is the directory of profile.schema.json and calibration.schema.json; a file in a directory
`defaults` is a calibration.
"""
import copy
import json
import pathlib
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
CALIBRATION = {
    "runtime": "onnxruntime:all",
    "version": "1.30",
    "date": "2026-11-20",
    "terms": {"exponent": 3, "step_s": "0.16 us", "clock_hz": "4.2 GHz"},
    "precisions": {"int8": 1.05},
    "kernels": {"unary:Exp": {"efficiency": 0.1, "half": [1, 2, 3], "call_s": "1 us"}, "pool": None},
    "fused": {"Clip": 8},
    "derates": [{"factor": 0.7, "architectures": ["turing"]}],
    "evidence": {"rows": 9, "mape": 0.1, "sources": ["a book"], "machines": ["epyc-9654"]},
}
CALIBRATED = {
    **GOOD,
    "architecture": "zen5",
    "vector_bits": {"value": 512, "source": "s"},
    "logic_energy": {"value": 35, "source": "s"},
    "bandwidth_curve": {
        "source": "s",
        "points": [{"working_set": "32 KiB", "read": "300 GB/s", "write": "200 GB/s"}],
    },
    "calibrations": [{**CALIBRATION, "extends": "cpu-onnxruntime"}],
}
DEFAULT = {
    **CALIBRATION,
    "kind": "cpu",
    "architectures": ["zen5"],
    "machines": {"epyc-9654": {"compute": 0.9}},
}


def changed(path, value, base=GOOD):
    """`base` with the node at `path` replaced, or removed when `value` is None."""
    profile = copy.deepcopy(base)
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


OWN = ("calibrations", 0)
BROKEN_CALIBRATED = {
    "unknown term": changed(OWN + ("terms", "speed"), 1, CALIBRATED),
    "time without unit": changed(OWN + ("terms", "step_s"), 0.1, CALIBRATED),
    "two extents": changed(OWN + ("kernels", "unary:Exp", "half"), [1, 2], CALIBRATED),
    "negative efficiency": changed(OWN + ("kernels", "unary:Exp", "efficiency"), -1, CALIBRATED),
    "no runtime": changed(OWN + ("runtime",), None, CALIBRATED),
    "no date": changed(OWN + ("date",), "today", CALIBRATED),
    "kind in a profile's own": changed(OWN + ("kind",), "cpu", CALIBRATED),
    "evidence without rows": changed(OWN + ("evidence", "rows"), None, CALIBRATED),
    "curve without source": changed(("bandwidth_curve", "source"), None, CALIBRATED),
    "curve without points": changed(("bandwidth_curve", "points"), [], CALIBRATED),
}
BROKEN_DEFAULT = {
    "no kind": changed(("kind",), None, DEFAULT),
    "extends": changed(("extends",), "cpu-onnxruntime", DEFAULT),
    "unknown term of a machine": changed(("machines", "epyc-9654", "speed"), 1, DEFAULT),
    "unknown precision": changed(("precisions", "int9"), 1, DEFAULT),
    "derate without factor": changed(("derates", 0, "factor"), None, DEFAULT),
}


def main(schemas, *files):
    schema, default_schema = (
        json.loads((pathlib.Path(schemas) / f"{name}.schema.json").read_text(encoding="utf-8"))
        for name in ("profile", "calibration")
    )
    resolver = jsonschema.RefResolver("", default_schema, {schema["$id"]: schema})
    for one in (schema, default_schema):
        jsonschema.Draft7Validator.check_schema(one)
    profiles = jsonschema.Draft7Validator(schema)
    defaults = jsonschema.Draft7Validator(default_schema, resolver=resolver)
    failures = []
    for path in files:
        with open(path, encoding="utf-8") as file:
            content = yaml.safe_load(file)
        validator = defaults if pathlib.Path(path).parent.name == "defaults" else profiles
        for error in validator.iter_errors(content):
            failures.append(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
    for name, validator, good in (
        ("minimal profile", profiles, GOOD),
        ("calibrated profile", profiles, CALIBRATED),
        ("default", defaults, DEFAULT),
    ):
        failures += [f"the {name} is refused: {e.message}" for e in validator.iter_errors(good)]
    broken = [(profiles, BROKEN), (profiles, BROKEN_CALIBRATED), (defaults, BROKEN_DEFAULT)]
    for validator, cases in broken:
        failures += [f"accepted although broken: {name}" for name, case in cases.items() if validator.is_valid(case)]
    refused = sum(len(cases) for _, cases in broken)
    print("\n".join(failures) or f"{len(files)} files valid, {refused} broken ones refused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else __doc__)
