#!/usr/bin/python3
"""Writes the models of this example beside this script: classifier.onnx, and what a pull request
makes of it. Needs python3-onnx. Weights are named, not stored: roofline never reads them."""
import pathlib

from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).resolve().parent
CHANNELS = [3, 16, 32, 64]


def weight(name, *dims):
    tensor = TensorProto(name=name, dims=dims, data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="classifier.weights")
    return tensor


def floats(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def classifier(extra):
    """Three convolutions of stride 2, `extra` ones of stride 1, a classifier of ten classes."""
    nodes, weights, x = [], [], "image"

    def conv(name, inputs, outputs, stride):
        nonlocal x
        weights.append(weight(f"{name}.weight", outputs, inputs, 3, 3))
        nodes.append(helper.make_node("Conv", [x, f"{name}.weight"], [f"{name}.out"], name, kernel_shape=[3, 3],
                                      strides=[stride, stride], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"{name}.out"], [f"{name}.relu"], f"{name}.relu"))
        x = f"{name}.relu"

    for i, (inputs, outputs) in enumerate(zip(CHANNELS, CHANNELS[1:]), 1):
        conv(f"conv{i}", inputs, outputs, 2)
    for i in range(extra):
        conv(f"refine{i + 1}", CHANNELS[-1], CHANNELS[-1], 1)
    weights += [weight("fc.weight", 10, CHANNELS[-1]), weight("fc.bias", 10)]
    nodes += [
        helper.make_node("GlobalAveragePool", [x], ["pooled"], "pool"),
        helper.make_node("Flatten", ["pooled"], ["flat"], "flatten"),
        helper.make_node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], "fc", transB=1),
    ]
    graph = helper.make_graph(nodes, "classifier", [floats("image", "batch", 3, 128, 128)],
                              [floats("logits", "batch", 10)], weights)
    model = helper.make_model(graph, producer_name="make_models.py", opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model.SerializeToString()


if __name__ == "__main__":
    (HERE / "classifier.onnx").write_bytes(classifier(0))
    (HERE / "changed").mkdir(exist_ok=True)
    (HERE / "changed" / "classifier.onnx").write_bytes(classifier(1))
