"""Counts the MACs of a PyTorch forward pass: a reference that does not know ONNX."""

from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten

# A fused operator would hide its products, so meeting one is an error: unknown is never 0.
FUSED = ("attention", "encoder_layer", "lstm", "gru", "rnn", "mkldnn", "einsum")


class MacCounter(TorchDispatchMode):
    """Sees every operator that reaches a kernel: functional products (attention) like modules.

    `macs` is by kind: `conv` (transposed too), `linear` (a matrix product with a weight of `model`)
    and `matmul` (a product of two activations). Taps on padding count, as in the literature.
    """

    def __init__(self, model):
        super().__init__()
        self.macs = Counter(conv=0, linear=0, matmul=0)
        self.weights = {p.storage().data_ptr() for p in model.parameters()}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        packet = func.overloadpacket
        if packet is aten.convolution:
            x, weight, transposed = args[0], args[1], args[6]
            # Each output element (input element when transposed) meets all taps of a filter.
            elements = x.numel() if transposed else result.numel()
            self.macs["conv"] += elements * weight[0].numel()
        elif packet in (aten.mm, aten.bmm, aten.mv, aten.dot):
            self.add_product(result, *args[:2])
        elif packet in (aten.addmm, aten.baddbmm, aten.addmv):
            self.add_product(result, *args[1:3])
        elif packet is aten.linear or any(word in packet.__name__ for word in FUSED):
            raise NotImplementedError(f"{func}: count this operator from its definition")
        return result

    def add_product(self, result, a, b):
        # A transposed or expanded weight is a view and keeps the storage of its parameter.
        is_linear = any(t.storage().data_ptr() in self.weights for t in (a, b))
        self.macs["linear" if is_linear else "matmul"] += result.numel() * a.shape[-1]


def count_macs(model, inputs):
    # Without gradients nn.MultiheadAttention takes a fused path that hides its products.
    with torch.enable_grad(), MacCounter(model) as counter:
        model(*inputs)
    return dict(counter.macs)
