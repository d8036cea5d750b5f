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
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Callable

import onnx
import torch
import torchvision

import nets
from count_macs import count_macs

HERE = Path(__file__).resolve().parent
COUNTS = HERE / "pytorch_counts.json"
OPSET = 17


@dataclass
class Model:
    """`inputs` and `outputs` map a name to its shape; a dimension given as text is dynamic."""

    build: Callable
    inputs: dict
    outputs: dict
    dims: dict = field(default_factory=lambda: {"batch": 1})  # what the dynamic ones are here
    tokens: dict = field(default_factory=dict)  # integer inputs, and the number they stay below
    note: str = ""
    documented_parameters: int = 0  # when torchvision publishes the number


def classifier(build, size=224, **options):
    image = {"image": ["batch", 3, size, size]}
    return Model(build, image, {"logits": ["batch", 1000]}, **options)


def from_torchvision(name, size=224, note="", **options):
    build = partial(getattr(torchvision.models, name), weights=None, **options)
    documented = torchvision.models.get_model_weights(name).IMAGENET1K_V1.meta["num_params"]
    return classifier(build, size, note=note, documented_parameters=documented)


def gpt2_cache(prefix, length, layers=12):
    shape = ["batch", 12, length, 64]
    return {f"{prefix}_{kind}_{i}": shape for i in range(layers) for kind in ("key", "value")}


def catalogue():
    words = ["batch", "sequence"]
    tied = "The token embedding also makes the logits: one parameter, used twice."
    return {
        "alexnet": from_torchvision("alexnet"),
        "vgg16": from_torchvision("vgg16"),
        "resnet18": from_torchvision("resnet18"),
        "resnet50": from_torchvision("resnet50"),
        "resnet152": from_torchvision("resnet152"),
        "resnext50_32x4d": from_torchvision("resnext50_32x4d"),
        "densenet121": from_torchvision("densenet121"),
        # The default initialisation of the next two takes a minute and is not needed here.
        "inception_v3": from_torchvision(
            "inception_v3",
            size=299,
            init_weights=False,
            note="The auxiliary classifier is used in training only and is not in the graph.",
        ),
        "googlenet": from_torchvision("googlenet", init_weights=False, aux_logits=False),
        "squeezenet1_1": from_torchvision("squeezenet1_1"),
        "mobilenet_v2": from_torchvision("mobilenet_v2"),
        "mobilenet_v3_large": from_torchvision("mobilenet_v3_large"),
        "shufflenet_v2_x1_0": from_torchvision("shufflenet_v2_x1_0"),
        "efficientnet_b0": from_torchvision("efficientnet_b0"),
        "convnext_tiny": from_torchvision("convnext_tiny"),
        "vit_b_16": from_torchvision("vit_b_16"),
        "swin_t": from_torchvision(
            "swin_t", note="The index buffers of all blocks are equal; the exporter keeps one."
        ),
        "mobilenet_v1": classifier(nets.MobileNetV1),
        "shufflenet_v1_x0_5_g3": classifier(partial(nets.ShuffleNetV1, 3, 0.5)),
        "shufflenet_v1_x0_5_g8": classifier(partial(nets.ShuffleNetV1, 8, 0.5)),
        "bert_base": Model(
            nets.Bert,
            {"input_ids": words, "attention_mask": words, "token_type_ids": words},
            {"last_hidden_state": [*words, 768], "pooler_output": ["batch", 768]},
            dims={"batch": 1, "sequence": 128},
            tokens={"input_ids": 30522, "attention_mask": 2, "token_type_ids": 2},
        ),
        "gpt2_prefill": Model(
            nets.Gpt2,
            {"input_ids": words},
            {"logits": [*words, 50257], **gpt2_cache("present", "sequence")},
            dims={"batch": 1, "sequence": 128},
            tokens={"input_ids": 50257},
            note=tied,
        ),
        "gpt2_decode": Model(
            nets.Gpt2,
            {"input_ids": ["batch", 1], **gpt2_cache("past", "past")},
            {"logits": ["batch", 1, 50257], **gpt2_cache("present", "past + 1")},
            dims={"batch": 1, "past": 512},
            tokens={"input_ids": 50257},
            note=tied,
        ),
        "lstm": Model(
            nets.Lstm,
            {"input": [*words, 256]},
            {"output": [*words, 512], "hidden": [2, "batch", 512], "cell": [2, "batch", 512]},
            dims={"batch": 1, "sequence": 32},
            note="Counted as the products with weights that the LSTM is made of.",
        ),
        "unet": Model(
            nets.UNet, {"image": ["batch", 3, 256, 256]}, {"mask": ["batch", 1, 256, 256]}
        ),
    }


def main():
    args = parse_arguments()
    models = catalogue()
    names = args.only or list(models)
    if unknown := [name for name in names if name not in models]:
        sys.exit(f"no model named {', '.join(unknown)}; there are: {', '.join(models)}")
    torch.set_num_threads(args.threads)
    # The exporter warns of every size that it makes a constant; nets.py and torchvision mean them.
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
    torch.manual_seed(0)
    model = spec.build().eval()
    make_distinct(model)
    inputs = [example(spec, input_name) for input_name in spec.inputs]
    with tempfile.TemporaryDirectory() as scratch:
        full = (args.full or Path(scratch)) / f"{name}.onnx"
        export(model, inputs, spec, full)
        if args.roofline:
            stripped = HERE / f"{name}.onnx"
            subprocess.run([args.roofline, "strip", full, "-o", stripped], check=True)
        return count(model, inputs, spec, full)


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
        tuple(inputs),
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
    initializers = {i.name for i in onnx.load(path).graph.initializer}
    parameters, buffers = dict(model.named_parameters()), dict(model.named_buffers())
    macs = count_macs(model, inputs)
    entry = {
        "dims": spec.dims,
        "parameters": numel(parameters, initializers),
        "buffers": numel(buffers, initializers),
        "macs": sum(macs.values()),
        "macs_by_kind": macs,
    }
    documented = spec.documented_parameters
    if documented and documented != entry["parameters"]:
        entry["documented_parameters"] = documented
    if spec.note:
        entry["note"] = spec.note
    return entry


def numel(tensors, names):
    return sum(tensor.numel() for name, tensor in tensors.items() if name in names)


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
