"""Quantizes an exported network to 8 bits the way ONNX Runtime's static quantizer writes it (QDQ).

Each activation is quantized (uint8, one scale) and dequantized at once, each weight (int8, a scale
per channel) and bias (int32) is dequantized: a runtime computes what lies between in integers. The
scales of activations are made up; they do not change what is computed.
"""

import numpy
import onnx
from onnx import helper, numpy_helper

ACTIVATION_SCALE = numpy.float32(0.02)


def quantize(path):
    model = onnx.load(path)
    remove_relus(model.graph)
    Quantizer(model.graph).run()
    onnx.save(model, path)


def remove_relus(graph):
    """A zero point of 0 clips like Relu; so the quantizer removes it behind a quantized node."""
    producers = {output: node for node in graph.node for output in node.output}
    for node in [node for node in graph.node if node.op_type == "Relu"]:
        producers[node.input[0]].output[0] = node.output[0]
        graph.node.remove(node)


class Quantizer:
    def __init__(self, graph):
        self.graph = graph
        self.weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.nodes, self.initializers = [], []
        self.dequantized = {}  # name of a tensor -> of its dequantized version

    def run(self):
        for value in self.graph.input:
            self.activation(value.name, value.name)
        results = {value.name for value in self.graph.output}
        for node in self.graph.node:
            if node.op_type in ("Conv", "Gemm"):
                self.weights_of(node)
            # MaxPool keeps the scale of its input.
            scale_of = (node.input if node.op_type == "MaxPool" else node.output)[0]
            node.input[:] = [self.dequantized.get(name, name) for name in node.input]
            name = node.output[0]
            result = None
            if name in results:
                result, node.output[0] = name, f"{name}_QuantizeLinear_Input"
            self.nodes.append(node)
            self.activation(name, node.output[0], scale_of, result)
        del self.graph.node[:], self.graph.initializer[:]
        self.graph.node.extend(self.nodes)
        self.graph.initializer.extend(self.initializers)

    def tensor(self, name, array):
        if all(tensor.name != name for tensor in self.initializers):
            self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op_type, name, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op_type, inputs, [output], name, **attributes))

    def activation(self, name, source, scale_of=None, result=None):
        """Quantizes and dequantizes `source`; everyone who reads `name` gets the outcome."""
        scale_of = scale_of or name
        parameters = [
            self.tensor(f"{scale_of}_scale", ACTIVATION_SCALE),
            self.tensor(f"{scale_of}_zero_point", numpy.uint8(0)),
        ]
        integers = f"{name}_QuantizeLinear_Output"
        self.dequantized[name] = result or f"{name}_DequantizeLinear_Output"
        self.node("QuantizeLinear", f"{name}_QuantizeLinear", [source, *parameters], integers)
        self.node(
            "DequantizeLinear",
            f"{name}_DequantizeLinear",
            [integers, *parameters],
            self.dequantized[name],
        )

    def weights_of(self, node):
        weight = self.weights[node.input[1]]
        largest = abs(weight).max(axis=tuple(range(1, weight.ndim)))
        scale = (largest / 127).astype(numpy.float32)
        shape = [-1] + [1] * (weight.ndim - 1)
        integers = numpy.rint(weight / scale.reshape(shape)).astype(numpy.int8)
        self.constant(node.input[1], integers, scale, "")
        # The products of a channel are in units of both scales, and so is the bias.
        unit = ACTIVATION_SCALE * scale
        bias = numpy.rint(self.weights[node.input[2]] / unit).astype(numpy.int32)
        self.constant(node.input[2], bias, unit, "_quantized")

    def constant(self, name, integers, scale, infix):
        inputs = [
            self.tensor(f"{name}_quantized", integers),
            self.tensor(f"{name}{infix}_scale", scale),
            self.tensor(f"{name}{infix}_zero_point", numpy.zeros(scale.shape, integers.dtype)),
        ]
        result = self.dequantized[name] = f"{name}_DequantizeLinear_Output"
        self.node("DequantizeLinear", f"{name}_DequantizeLinear", inputs, result, axis=0)
