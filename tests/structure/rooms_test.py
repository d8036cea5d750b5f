#!/usr/bin/env python3
"""Fails on an include edge between rooms that the agreed table does not list, and on a heavy header
outside its room. Usage: rooms_test.py ROOT"""
import pathlib
import re
import sys

# The agreed table (docs/architecture.md): room -> rooms it may include.
TABLE = {
    "base": "",
    "data": "base",
    "ir": "base",
    "onnx_io": "ir base",
    "ops": "ir base",
    "infer": "ops ir base",
    "transform": "infer ops ir base",
    "hardware": "data ir base",
    "plan": "infer ops hardware data ir base",
    "estimate": "plan hardware base",
    "report": "estimate plan infer ops hardware data ir base",
    "pipeline": "report estimate plan transform hardware infer ops onnx_io data ir base",
    "calibrate": "pipeline report estimate plan transform hardware infer ops onnx_io data ir base",
    "advise": "pipeline report estimate plan transform hardware infer ops onnx_io data ir base",
    "cli": "advise calibrate pipeline report estimate plan transform hardware infer ops onnx_io data ir base",
}
# Heavy third-party headers: only these rooms, never a public header.
HEAVY = {"onnx/": "onnx_io", "google/protobuf": "onnx_io", "yaml-cpp/": "data", "nlohmann/": "data", "CLI/": "cli"}


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    faults, edges = [], 0
    for path in sorted([*root.glob("include/roofline/*/*.hpp"), *root.glob("src/*/*.[ch]pp")]):
        room = path.parent.name
        for line in path.read_text().splitlines():
            found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not found:
                continue
            header = found.group(1)
            used = re.match(r"roofline/(\w+)/", header)
            if used and used.group(1) != room:
                edges += 1
                if used.group(1) not in TABLE[room].split():
                    faults.append(f"{path}: room {room} may not include {header}")
            for prefix, owner in HEAVY.items():
                if header.startswith(prefix) and (owner != room or "include" in path.parts):
                    faults.append(f"{path}: {header} belongs into src of room {owner}")
    print("\n".join(faults) or f"{edges} include edges, all in the table")
    return bool(faults) or edges == 0


sys.exit(main())
