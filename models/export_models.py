#!/usr/bin/env python3
"""Exports the sample models with random weights, counts them in PyTorch and removes the weights.

Writes NAME.onnx (without weights) and the entry of NAME in pytorch_counts.json. Needs PyTorch 1.13,
torchvision 0.14 and onnx 1.12 (in Debian 12: python3-torch, python3-torchvision, python3-onnx).
Nothing is downloaded.
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import warnings
from math import prod
from pathlib import Path

import onnx
import torch

from catalogue import Written, catalogue
from count_macs import count_macs

HERE = Path(__file__).resolve().parent
COUNTS = HERE / "pytorch_counts.json"
OPSET = 17


def main():
    args = parse_arguments()
    models = catalogue()
    names = args.only or list(models)
    if unknown := [name for name in names if name not in models]:
        sys.exit(f"no model named {', '.join(unknown)}; there are: {', '.join(models)}")
    torch.set_num_threads(args.threads)
    # The exporter warns of every size that it makes a constant; the networks mean them.
    warnings.simplefilter("ignore")
    for number, name in enumerate(names, 1):
        entry = make(name, models[name], args)
        save_counts(name, entry, models)
        print(f"[{number}/{len(names)}] {name}: {entry['parameters']:,} parameters,"
              f" {entry['macs']:,} MACs", flush=True)
        gc.collect()
    if args.roofline and not args.only:
        subprocess.run([HERE.parent / "scripts/generate-docs", "--bin", args.roofline], check=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--roofline", metavar="PATH", help="the roofline binary (strip, analyze)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="make only these models")
    parser.add_argument("--full", type=Path, metavar="DIR", help="keep the full models in DIR")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch")
    args = parser.parse_args()
    if not args.roofline and not args.full:
        parser.error("needs --roofline PATH, or --full DIR to make nothing but full models")
    return args


def make(name, spec, args):
    """Exports, counts and strips one model; returns its entry of pytorch_counts.json."""
    with tempfile.TemporaryDirectory() as scratch:
        full = (args.full or Path(scratch)) / f"{name}.onnx"
        if isinstance(spec, Written):
            entry = write(spec, full)
        else:
            entry = export_and_count(spec, full)
        if args.roofline:
            strip(args.roofline, full, HERE / f"{name}.onnx", Path(scratch) / "skeleton.onnx")
        return entry


def write(spec, path):
    """The counts are those of a network made earlier."""
    spec.write(path)
    entry = {**load_counts()[spec.counts_as], "dims": spec.dims, "note": spec.note}
    entry.pop("constants", None)  # those are the exporter's
    return entry


def export_and_count(spec, path):
    torch.manual_seed(0)
    model = spec.build().eval()
    make_distinct(model)
    inputs = [example(spec, input_name) for input_name in spec.inputs]
    export(model, inputs, spec, path)
    onnx.checker.check_model(str(path))
    entry = count(model, inputs, spec, path)
    if spec.rewrite:
        spec.rewrite(path)
        onnx.checker.check_model(str(path))
    return entry


def strip(roofline, full, stripped, skeleton):
    """Above 2 GB the exporter keeps weights in files of their own; nothing must refer to those."""
    model = onnx.load(full, load_external_data=False)
    external = [tensor for tensor in model.graph.initializer if tensor.external_data]
    for tensor in external:
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
    if external:
        onnx.save(model, skeleton)
        full = skeleton
    subprocess.run([roofline, "strip", full, "-o", stripped], check=True)


@torch.no_grad()
def make_distinct(model):
    """Makes all weights differ, as trained ones do: the exporter merges equal tensors."""
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_floating_point():
            tensor += 1e-3 * torch.randn_like(tensor)


def example(spec, name):
    shape = [spec.dims.get(dim, dim) for dim in spec.inputs[name]]
    if name in spec.tokens:
        return torch.randint(spec.tokens[name], shape)
    return torch.randn(shape)


def export(model, inputs, spec, path):
    shapes = {**spec.inputs, **spec.outputs}
    torch.onnx.export(
        model,
        spec.arguments(inputs),
        str(path),
        opset_version=OPSET,
        input_names=list(spec.inputs),
        output_names=list(spec.outputs),
        dynamic_axes={
            name: {axis: dim for axis, dim in enumerate(shape) if isinstance(dim, str)}
            for name, shape in shapes.items()
        },
        # The model is in evaluation mode already; asking for it here would fold BatchNorm away.
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )


def count(model, inputs, spec, path):
    graph = onnx.load(path, load_external_data=False).graph
    initializers = {tensor.name for tensor in graph.initializer}
    parameters, buffers = dict(model.named_parameters()), dict(model.named_buffers())
    if spec.before_count:
        spec.before_count(model)
    macs = count_macs(model, spec.arguments(inputs))
    entry = {
        "dims": spec.dims,
        "parameters": numel(parameters, initializers),
        "buffers": numel(buffers, initializers),
        "macs": sum(macs.values()),
        "macs_by_kind": macs,
    }
    if constants := float_constants(graph):
        entry["constants"] = constants
    documented = spec.documented_parameters
    if documented and documented != entry["parameters"]:
        entry["documented_parameters"] = documented
    if spec.note:
        entry["note"] = spec.note
    return entry


def numel(tensors, names):
    return sum(tensor.numel() for name, tensor in tensors.items() if name in names)


def float_constants(graph):
    """Elements of the lists of floats that the exporter wrote into Constant nodes."""
    values = [a.t for node in graph.node if node.op_type == "Constant" for a in node.attribute]
    values = [value for value in values if value.data_type == onnx.TensorProto.FLOAT]
    return sum(size for value in values if (size := prod(value.dims)) > 1)


def load_counts():
    return json.loads(COUNTS.read_text()) if COUNTS.exists() else {}


def save_counts(name, entry, models):
    counts = {**load_counts(), name: entry}
    entries = [json_entry(key, counts[key]) for key in models if key in counts]
    COUNTS.write_text("{\n" + ",\n".join(entries) + "\n}\n")


def json_entry(name, entry):
    """One line per field: json.dumps alone would put one line per number."""
    fields = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in entry.items()]
    return f"  {json.dumps(name)}: {{\n" + ",\n".join(fields) + "\n  }"


if __name__ == "__main__":
    main()
