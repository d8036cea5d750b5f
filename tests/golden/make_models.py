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


def tiny_next():
    """What became of tiny: a wider convolution, a pooling, another name, no Softmax."""
    save("tiny_next", [
        helper.make_node("Conv", ["image", "conv.weight", "conv.bias"], ["conv_out"],
                         "/body/conv/Conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv_out"], ["relu_out"], "/body/relu/Relu"),
        helper.make_node("AveragePool", ["relu_out"], ["pooled"], "/body/pool/AveragePool",
                         kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["flat"], "/head/Flatten"),
        helper.make_node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"],
                         "/head/classifier/Gemm", transB=1),
    ], [floats("image", "batch", 3, 8, 8)], [floats("logits", "batch", 10)], [
        weight("conv.weight", 32, 3, 3, 3), weight("conv.bias", 32),
        weight("fc.weight", 10, 512), weight("fc.bias", 10)])


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


def control():
    """A function called once, a loop of five and one of open length, an If, and sizes that data decide."""
    dense = helper.make_function(
        "local", "Dense", ["x", "w"], ["y"],
        [helper.make_node("MatMul", ["x", "w"], ["product"], "multiply"),
         helper.make_node("Relu", ["product"], ["y"], "activate")], [helper.make_opsetid("", 13)])

    def scalar(name, dtype):
        return helper.make_tensor_value_info(name, dtype, [])

    def body(name):
        return helper.make_graph(
            [helper.make_node("Identity", ["go"], ["go_on"], "on"),
             helper.make_node("MatMul", ["state", "w"], ["next"], "step")], name,
            [scalar("i", TensorProto.INT64), scalar("go", TensorProto.BOOL), floats("state", 8, 16)],
            [scalar("go_on", TensorProto.BOOL), floats("next", 8, 16)])

    def branch(name, op):
        return helper.make_graph([helper.make_node(op, ["b"], [name], op.lower())], name, [],
                                 [helper.make_empty_tensor_value_info(name)])

    graph = helper.make_graph([
        helper.make_node("Dense", ["image", "w"], ["a"], "dense", domain="local"),
        helper.make_node("Loop", ["five", "", "a"], ["b"], "refine", body=body("refine")),
        helper.make_node("If", ["condition"], ["c"], "choose", then_branch=branch("t", "Softmax"),
                         else_branch=branch("e", "Identity")),
        helper.make_node("Loop", ["", "", "c"], ["d"], "until", body=body("until")),
        helper.make_node("NonZero", ["d"], ["where"], "where"),
    ], "control", [floats("image", 8, 16), scalar("condition", TensorProto.BOOL)],
        [floats("d", 8, 16), helper.make_tensor_value_info("where", TensorProto.INT64, [2, None])],
        [weight("w", 16, 16), helper.make_tensor("five", TensorProto.INT64, [], [5])])
    model = helper.make_model(graph, producer_name="make_models.py", functions=[dense], opset_imports=[
        helper.make_opsetid("", 13), helper.make_opsetid("local", 1)])
    model.ir_version = 8
    onnx.save(model, HERE / "control.onnx")


def hostile():
    """Names that would leave their place in a page, were they not kept as data."""
    image = "</script><img src=x onerror=\"window.ran = 'image'\">"
    comment = "<!--<script>window.ran = 'comment'//"
    lines = "line\u2028separated\u2029name & <b>bold</b> ${window.ran = 'template'}"
    save("hostile", [
        helper.make_node("Conv", ["<i>image</i>", "w"], ["a"], image, kernel_shape=[3, 3]),
        helper.make_node("Softmax", ["a"], ["b"], comment),
        helper.make_node("</script><script>window.ran = 'type'</script>", ["b"], ["c"], lines,
                         domain="com.acme"),
    ], [floats("<i>image</i>", "</title>", 3, 8, 8)], [floats("c", 1, 4, 6, 6)],
        [weight("w", 4, 3, 3, 3)], ["com.acme"])


if __name__ == "__main__":
    tiny()
    tiny_next()
    control()
    unknown()
    broken()
    hostile()
