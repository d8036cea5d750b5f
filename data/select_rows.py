#!/usr/bin/env python3
"""Selects the measurements in fit/ and validation/ from a collection of published ones.

  select_rows.py LATENCIES.csv OPERATORS_DIR

LATENCIES.csv has one row per published figure, with columns tier, hw_key, runtime,
runtime_version, model, input_shape, precision, batch, threads, latency_ms, source and notes.
OPERATORS_DIR has the results of DeepBench (deepbench/*.csv) and LLMCompass (llmcompass/*.csv).
This script is the record of which rows were taken and how they were split; what it writes stands
alone. README.md says why.
"""

import csv
import math
import sys
from collections import defaultdict
from pathlib import Path

from write_operators import conv_name

HERE = Path(__file__).resolve().parent
COLUMNS = ["model", "hardware", "runtime", "version", "precision", "threads", "batch"]
END = ["latency_ms", "source", "notes"]

HARDWARE = {
    "v100_sxm2": "v100",
    "t4": "t4",
    "a100_sxm_40gb": "a100-40gb",
    "a100_sxm_80gb": "a100-80gb",
    "a100_pcie_40gb": "a100-pcie-40gb",
    "a100_pcie_80gb": "a100-pcie-80gb",
    "a30": "a30",
    "a10": "a10",
    "a2": "a2",
    "l4": "l4",
    "l40s": "l40s",
    "rtx3090": "rtx3090",
    "rtx4090": "rtx4090",
    "jetson_agx_xavier_gpu": "xavier",
    "jetson_xavier_nx_gpu": "xavier-nx",
    "jetson_nano_gpu": "jetson-nano",
    "jetson_agx_orin_gpu": "orin",
    "jetson_orin_nx_gpu": "orin-nx",
    "rpizero2w_cpu": "rpizero2w",
    "rpi3bplus_cpu": "rpi3bplus",
    "rpi4b_cpu": "rpi4b",
    "rpi5_cpu": "rpi5",
    "jetson_nano_cpu": "jetson-nano-cpu",
    "jetson_agx_xavier_cpu": "xavier-cpu",
    "jetson_agx_orin_cpu": "orin-cpu",
    "epyc_7742": "epyc-7742",
    "epyc_9v45": "epyc-9v45",
    "xeon_8573c": "xeon-8573c",
}

# Names of the sources -> files in models/ that cost the same. A network that is not here is left out.
TORCHVISION = ["alexnet", "squeezenet1_0", "squeezenet1_1", "vgg11", "vgg13", "vgg16"]
TORCHVISION += ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
TORCHVISION += ["densenet121", "mobilenet_v2"]
NCNN = {
    "alexnet": "alexnet_caffe",
    "efficientnet_b0": "efficientnet_b0",
    "googlenet": "googlenet_caffe",
    "mobilenet": "mobilenet_v1",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3": "mobilenet_v3_large",
    "resnet18": "resnet18",
    "resnet50": "resnet50_v1",
    "shufflenet_v2": "shufflenet_v2_x1_0",
    "squeezenet": "squeezenet1_1_caffe",
    "vgg16": "vgg16",
}
TIMM = {
    "convnext_tiny": "convnext_tiny",
    "densenet121": "densenet121",
    "efficientnet_b0": "efficientnet_b0",
    "mnasnet_100": "mnasnet1_0",
    "mobilenetv1_100": "mobilenet_v1",
    "mobilenetv2_100": "mobilenet_v2",
    "mobilenetv3_large_100": "mobilenet_v3_large",
    "mobilenetv3_small_100": "mobilenet_v3_small",
    "regnety_004": "regnet_y_400mf",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnext50_32x4d": "resnext50_32x4d",
    "swin_tiny_patch4_window7_224": "swin_t",
    "vgg11": "vgg11",
    "vgg13": "vgg13",
    "vgg16": "vgg16",
    "vit_base_patch16_224": "vit_b_16",
    "vit_base_patch32_224": "vit_b_32",
    "wide_resnet50_2": "wide_resnet50_2",
}
TIMM_RUNTIMES = {
    "timm PyTorch eager nchw": "pytorch",
    "timm PyTorch eager nhwc": "pytorch:channels_last",
    "timm PyTorch torch.compile nchw": "pytorch:compile",
}


def entry(row, model, runtime, version, **changes):
    return {
        "model": model,
        "hardware": HARDWARE[row["hw_key"]],
        "runtime": runtime,
        "version": version,
        "precision": row["precision"],
        "threads": row["threads"],
        "batch": row["batch"],
        "latency_ms": row["latency_ms"],
        "source": row["source"],
        "notes": "",
        **changes,
    }


def demo_bert(rows):
    for row in rows:
        kind, length = row["input_shape"].split("=")
        assert kind == "seq"
        version = row["runtime_version"].split()[1]
        changes = {"dim:sequence": length}
        if row["hw_key"] == "v100_sxm2" and row["precision"] == "int8":
            version += " asked for int8"
            changes |= {"precision": "fp16", "notes": "the V100 runs int8 in fp16"}
        yield entry(row, row["model"].replace("-", "_"), "tensorrt", version, **changes)


def paddle(rows):
    for row in rows:
        yield entry(row, "resnet50", "tensorrt:paddle", "Paddle-TensorRT, NGC 23.12")


def mlperf(rows):
    """Submissions of one round with the same card and version differ: the median of them."""
    groups = defaultdict(list)
    for row in submissions(rows):
        groups[row["hardware"], row["version"], row["notes"]].append(row)
    for group in groups.values():
        group.sort(key=lambda row: float(row["latency_ms"]))
        least, most = group[0]["latency_ms"], group[-1]["latency_ms"]
        row = group[(len(group) - 1) // 2]
        if len(group) > 1:
            row["notes"] += f"; lower median of {len(group)} submissions, {least} to {most} ms"
        yield row


def submissions(rows):
    for row in rows:
        if row["model"] not in ("resnet", "resnet50") or row["precision"] != "int8":
            continue
        round_ = row["runtime_version"].split()[2]
        notes = f"MLPerf Inference {round_}, closed, SingleStream"
        version = next((part.split()[-1] for part in row["runtime"].split(", ")
                        if part.startswith("TensorRT")), "")
        yield entry(row, "resnet50", "tensorrt:mlperf", version, notes=notes)


def torch2trt(rows):
    for row in rows:
        model = row["model"].split("/")[1]
        if model in TORCHVISION:
            yield entry(row, model, "tensorrt:torch2trt", "torch2trt, 2019")


def ncnn(rows):
    for row in rows:
        if "NOISY" in row["notes"]:  # the mean is far above the least of the loops
            continue
        words = row["runtime_version"].replace("ncnn-", "ncnn ").split()
        version = words[1] if words[1].isdigit() else words[-1].rstrip(")")
        notes = "least of the loops; precision inferred from the core"
        yield entry(row, NCNN[row["model"]], "ncnn", version, notes=notes)


def timm(rows):
    for row in rows:
        model = TIMM.get(row["model"].split("/")[1])
        size = row["input_shape"].split("x")[-1]
        if not model or size != "224" or row["hw_key"] not in HARDWARE:
            continue
        runtime = TIMM_RUNTIMES[row["runtime"]]
        version = row["runtime_version"].split(",")[0].split()[1]
        yield entry(row, model, runtime, version, precision=row["precision"].split("-")[0])


def every_third_model(rows):
    """Of the models in alphabetical order, the third, sixth, ... are for validation."""
    names = sorted({row["model"] for row in rows})
    return lambda row: names.index(row["model"]) % 3 == 2


# file, tier of the collection, rows of it, rule that tells the rows for validation
SOURCES = [
    ("tensorrt_bert", "A-trt-bert", demo_bert, lambda _: lambda row: row["model"] == "bert_large"),
    ("tensorrt_resnet50", "A-paddle-trt", paddle, lambda _: lambda row: row["hardware"] == "a30"),
    (
        "tensorrt_mlperf",
        "A-mlperf-ss",
        mlperf,
        lambda _: lambda row: row["notes"].split()[2].rstrip(",") >= "v2.0",
    ),
    ("tensorrt_torch2trt", "A-torch2trt", torch2trt, every_third_model),
    ("ncnn", "B-ncnn-cpu", ncnn, every_third_model),
    ("pytorch_timm", "C-timm-large-batch", timm, every_third_model),
]


def number(text):
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def operator_file(name):
    return f"operators/{name}"


def deepbench(path, hardware, precision, version, swapped):
    """Forward times. A GEMM is M x N x K with M the outputs of a layer and N its batch."""
    section = None
    source = f"baidu-research/DeepBench: results, {path.stem}"
    for line, row in enumerate(csv.reader(path.open()), 1):
        if not row:
            continue
        if row[0].strip():
            section = row[0].split()[0]
            continue
        values = [number(cell) for cell in row[2:]]
        common = {
            "hardware": hardware,
            "runtime": "pytorch",
            "version": version,
            "precision": precision,
            "source": f"{source}, line {line}",
        }
        if section == "Dense" and len(values) > 6 and all(values[:3]) and values[6]:
            m, n, k = (int(v) for v in values[:3])
            yield {
                **common,
                "model": operator_file("gemm"),
                "dim:m": n,
                "dim:n": m,
                "dim:k": k,
                "latency_ms": f"{values[6]:g}",
                "notes": f"A {row[5].strip()}, B {row[6].strip()}",
            }
        elif section == "Convolution" and len(row) > 13 and values[11]:
            sizes = [int(float(cell)) for cell in row[2:13]]
            width, height, c_in, batch, c_out = sizes[:5]
            pairs = [sizes[5:7], sizes[7:9], sizes[9:11]]  # kernel, padding, stride: width first
            if swapped:
                pairs = [pair[::-1] for pair in pairs]
            (kernel_w, kernel_h), padding, stride = pairs
            yield {
                **common,
                "model": operator_file(conv_name(stride[::-1], padding[::-1])),
                "batch": batch,
                "dim:n": c_out,
                "dim:k": c_in,
                "dim:height": height,
                "dim:width": width,
                "dim:kernel_height": kernel_h,
                "dim:kernel_width": kernel_w,
                "latency_ms": f"{values[11]:g}",
            }


DEEPBENCH = [
    ("train_NV_V100__Results_FP16_ip_Mixed_math", "v100", "fp16", "CUDA 10.1, cuDNN 7.6.2", False),
    ("train_NV_V100__Results_FP32", "v100", "fp32", "CUDA 10.1, cuDNN 7.6.2", False),
    ("train_NV_T4__Results_FP16_ip_Mixed_math", "t4", "fp16", "CUDA 10.1, cuDNN 7.6.2", False),
    ("train_NV_T4__Results_FP32", "t4", "fp32", "CUDA 10.1, cuDNN 7.6.2", False),
    ("train_NV_1080Ti__Results_FP32", "gtx1080ti", "fp32", "CUDA 8.0.88, cuDNN 6.0.21", True),
]


def llmcompass(folder):
    for line, row in enumerate(csv.reader((folder / "matmul_A100.csv").open()), 1):
        if len(row) < 4:
            continue
        m, n, k = (int(cell) for cell in row[:3])
        yield {
            "model": operator_file("gemm"),
            "hardware": "a100-40gb",
            "runtime": "pytorch",
            "version": "2.0",
            "precision": "fp16",
            "dim:m": m,
            "dim:n": n,
            "dim:k": k,
            "latency_ms": row[3].strip().removesuffix("ms"),
            "source": f"PrincetonUniversity/LLMCompass (ISCA 2024): matmul_A100.csv, line {line}",
        }


def operators(folder):
    for name, *arguments in DEEPBENCH:
        yield from deepbench(folder / "deepbench" / f"{name}.csv", *arguments)
    yield from llmcompass(folder / "llmcompass")


def write(name, split, rows):
    dims = sorted({key for row in rows for key in row if key.startswith("dim:")})
    path = HERE / split / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS + dims + END, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path.relative_to(HERE)}: {len(rows)} rows")


def sortable(value):
    text = str(value)
    return text.zfill(8) if text.isdigit() else text


def split_and_write(name, rows, is_validation):
    rows = sorted(rows, key=lambda row: [sortable(row.get(column, "")) for column in COLUMNS])
    for split, wanted in (("fit", False), ("validation", True)):
        write(name, split, [row for row in rows if bool(is_validation(row)) == wanted])


def one_per_shape(rows):
    """DeepBench repeats some shapes: the least time of each."""
    best = {}
    for row in rows:
        key = tuple((k, v) for k, v in row.items() if k not in ("latency_ms", "source", "notes"))
        if key not in best or float(row["latency_ms"]) < float(best[key]["latency_ms"]):
            best[key] = row
    return list(best.values())


def every_second_shape(rows):
    """Shapes in the order of their sizes: every second one is for validation, on all machines."""


    def shape(row):
        names = ["model", "batch", *sorted(key for key in row if key.startswith("dim:"))]
        return tuple(sortable(row.get(name, "")) for name in names)

    order = {key: i for i, key in enumerate(sorted({shape(row) for row in rows}))}
    return lambda row: order[shape(row)] % 2 == 1


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tiers = defaultdict(list)
    for row in csv.DictReader(open(sys.argv[1])):
        tiers[row["tier"]].append(row)
    for name, tier, select, rule in SOURCES:
        rows = list(select(tiers[tier]))
        split_and_write(name, rows, rule(rows))
    rows = one_per_shape(operators(Path(sys.argv[2])))
    split_and_write("operators", rows, every_second_shape(rows))


if __name__ == "__main__":
    main()
