#!/usr/bin/env python3
"""Writes models/operators/*.onnx: single operators of any size, for the rows of operators.csv.

Sizes are symbolic dimensions; strides and padding are attributes, so each pair of those is a model
of its own. Needs the onnx package.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "models" / "operators"

# (stride, padding), each (height, width), of the convolutions that were measured
CONVOLUTIONS = [((s, s), (p, p)) for s, p in ((1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (2, 3))]


def conv_name(stride, padding):
    """The file of a convolution; an error if there is none."""
    stride, padding = tuple(stride), tuple(padding)
    assert (stride, padding) in CONVOLUTIONS, f"add {stride, padding} to CONVOLUTIONS"
    return f"conv_s{stride[0]}x{stride[1]}_p{padding[0]}x{padding[1]}"


def main():
    from onnx import TensorProto, checker, helper, save

    def write(name, node, inputs, output):
        values = [
            helper.make_tensor_value_info(key, TensorProto.FLOAT, shape)
            for key, shape in [*inputs.items(), ("y", output)]
        ]
        graph = helper.make_graph([node], name, values[:-1], values[-1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        checker.check_model(model)
        save(model, FOLDER / f"{name}.onnx")

    FOLDER.mkdir(exist_ok=True)
    gemm = helper.make_node("MatMul", ["x", "w"], ["y"], "gemm")
    write("gemm", gemm, {"x": ["m", "k"], "w": ["k", "n"]}, ["m", "n"])
    image = ["batch", "k", "height", "width"]
    for stride, padding in CONVOLUTIONS:
        conv = helper.make_node(
            "Conv", ["x", "w"], ["y"], "conv", strides=stride, pads=[*padding, *padding]
        )
        weights = ["n", "k", "kernel_height", "kernel_width"]
        result = ["batch", "n", "out_height", "out_width"]
        write(conv_name(stride, padding), conv, {"x": image, "w": weights}, result)


if __name__ == "__main__":
    main()
