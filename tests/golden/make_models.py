#!/usr/bin/python3
"""Writes the small models that the goldens analyze, beside this script. Needs python3-onnx."""
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent


def weight(name, *shape):
    return numpy_helper.from_array(numpy.zeros(shape, numpy.float32), name)


def floats(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def save(name, nodes, inputs, outputs, weights, domains=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    opsets = [helper.make_opsetid("", 13), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, producer_name="make_models.py", opset_imports=opsets)
    model.ir_version = 8
    onnx.save(model, HERE / f"{name}.onnx")


def tiny():
    """Conv, Relu, Flatten and Gemm: sums that fit on a page."""
    save("tiny", [
        helper.make_node("Conv", ["image", "conv.weight", "conv.bias"], ["conv_out"],
                         "/body/conv/Conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv_out"], ["relu_out"], "/body/relu/Relu"),
        helper.make_node("Flatten", ["relu_out"], ["flat"], "/head/Flatten"),
        helper.make_node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], "/head/fc/Gemm",
                         transB=1),
        helper.make_node("Softmax", ["logits"], ["scores"]),
    ], [floats("image", "batch", 3, 8, 8)], [floats("scores", "batch", 10)], [
        weight("conv.weight", 16, 3, 3, 3), weight("conv.bias", 16),
        weight("fc.weight", 10, 1024), weight("fc.bias", 10)])


def unknown():
    """An operator that is in no table, between two that are."""
    save("unknown", [
        helper.make_node("Relu", ["x"], ["a"], "first"),
        helper.make_node("Frobnicate", ["a"], ["b"], "second", domain="com.acme"),
        helper.make_node("Relu", ["b"], ["y"], "third"),
    ], [floats("x", 1, 1000)], [floats("y", 1, 1000)], [], ["com.acme"])


def broken():
    """Two nodes that break the specification."""
    save("broken", [
        helper.make_node("Conv", ["x", "w"], ["a"], "conv", kernel_shape=[3, 3]),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("MatMul", ["x", "m"], ["c"], "matmul"),
    ], [floats("x", 1, 4, 8, 8)], [floats("b", 1, 2, 6, 6), floats("c", 1, 4, 8, 5)],
        [weight("w", 2, 3, 3, 3), weight("m", 7, 5)])


if __name__ == "__main__":
    tiny()
    unknown()
    broken()
