"""llama_int4: the network of nets_sequence.Llama as ONNX Runtime's generator builds it.

PyTorch has no such operators: grouped-query attention with its cache and rotary embedding in one
node, normalisation with its residual sum in one node, and weights of 4 bits with one scale per
block of 32. Activations are fp16. Names are those that onnxruntime-genai's model builder gives.

ONNX Runtime keeps SimplifiedLayerNormalization in the standard domain, though the standard has no
such operator: onnx.checker refuses the file, ONNX Runtime 1.30 runs it.
"""

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, LAYERS, HEADS, KV_HEADS, INNER, VOCABULARY = 2048, 22, 32, 4, 5632, 32000
HEAD, POSITIONS, BLOCK = 64, 2048, 32
OPSET = 14


class Builder:
    """Collects nodes and weights. A method makes one node and returns the name of its result."""

    def __init__(self):
        self.nodes, self.initializers = [], []
        self.random = numpy.random.default_rng(0)

    def node(self, op_type, name, inputs, outputs=None, domain="com.microsoft", **attributes):
        outputs = outputs or [f"{name}/output_0"]
        made = helper.make_node(op_type, inputs, outputs, name, domain=domain, **attributes)
        self.nodes.append(made)
        return outputs[0]

    def standard(self, op_type, name, inputs, **attributes):
        return self.node(op_type, name, inputs, domain="", **attributes)

    def tensor(self, name, array):
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, name, *shape):
        return self.tensor(name, self.random.random(shape, numpy.float32).astype(numpy.float16))

    def constant(self, value):
        name = f"/model/constants/INT64/{value}"
        if all(tensor.name != name for tensor in self.initializers):
            self.tensor(name, numpy.array(value, numpy.int64))
        return name

    def product(self, name, x, k, n, output=None):
        """x times a matrix [k, n] of 4-bit weights, two in a byte, symmetric."""
        weight = name[1:].replace("/", ".") + ".weight"
        packed = self.random.integers(256, size=(n, k // BLOCK, BLOCK // 2), dtype=numpy.uint8)
        inputs = [
            x,
            self.tensor(f"{weight}_Q4", packed),
            self.weight(f"{weight}_scales", n * k // BLOCK),
        ]
        sizes = {"K": k, "N": n, "bits": 4, "block_size": BLOCK}
        return self.node("MatMulNBits", f"{name}_Q4", inputs, output and [output], **sizes)

    def norm(self, name, x, residual=None):
        """Root-mean-square normalisation of x + residual; returns that, and the sum."""
        weight = self.weight(name[1:].replace("/", ".") + ".weight", WIDTH)
        if residual is None:
            attributes = {"axis": -1, "epsilon": 1e-5, "stash_type": 1}
            name = f"{name}/LayerNorm"
            return self.standard("SimplifiedLayerNormalization", name, [x, weight], **attributes), x
        name = f"{name}/SkipLayerNorm"
        outputs = [f"{name}/output_0", "", "", f"{name}/output_3"]
        inputs = [residual, x, weight]
        self.node("SkipSimplifiedLayerNormalization", name, inputs, outputs, epsilon=1e-5)
        return outputs[0], outputs[3]


def lengths(b):
    """Of the attention mask [batch, total]: the length of each sequence - 1, and the total."""
    scope = "/model/attn_mask_reformat/attn_mask_subgraph"
    to = TensorProto.INT32
    ones = ["attention_mask", b.constant([1])]
    x = b.standard("ReduceSum", f"{scope}/ReduceSum", ones, keepdims=0)
    x = b.standard("Sub", f"{scope}/Sub", [x, b.constant([1])])
    seqlens = b.standard("Cast", f"{scope}/Sub/Cast", [x], to=to)
    x = b.standard("Shape", f"{scope}/Shape", ["attention_mask"])
    x = b.standard("Gather", f"{scope}/Gather", [x, b.constant(1)], axis=0)
    return seqlens, b.standard("Cast", f"{scope}/Gather/Cast", [x], to=to)


def attention(b, layer, x, seqlens, total):
    scope = f"/model/layers.{layer}/attn"
    kv_width = KV_HEADS * HEAD
    inputs = [
        b.product(f"{scope}/q_proj/MatMul", x, WIDTH, WIDTH),
        b.product(f"{scope}/k_proj/MatMul", x, WIDTH, kv_width),
        b.product(f"{scope}/v_proj/MatMul", x, WIDTH, kv_width),
        f"past_key_values.{layer}.key", f"past_key_values.{layer}.value",
        seqlens, total, "cos_cache", "sin_cache",
    ]
    outputs = [
        f"{scope}/GroupQueryAttention/output_0", f"present.{layer}.key", f"present.{layer}.value"
    ]
    y = b.node(
        "GroupQueryAttention", f"{scope}/GroupQueryAttention", inputs, outputs,
        num_heads=HEADS, kv_num_heads=KV_HEADS, scale=HEAD**-0.5, do_rotary=1, rotary_interleaved=0,
    )
    return b.product(f"{scope}/o_proj/MatMul", y, WIDTH, WIDTH)


def feed_forward(b, layer, x):
    scope = f"/model/layers.{layer}/mlp"
    gate = b.product(f"{scope}/gate_proj/MatMul", x, WIDTH, INNER)
    up = b.product(f"{scope}/up_proj/MatMul", x, WIDTH, INNER)
    sigmoid = b.standard("Sigmoid", f"{scope}/act_fn/Sigmoid", [gate])
    silu = b.standard("Mul", f"{scope}/act_fn/Mul", [gate, sigmoid])
    return b.product(
        f"{scope}/down_proj/MatMul", b.standard("Mul", f"{scope}/Mul", [silu, up]), INNER, WIDTH
    )


def write(path):
    b = Builder()
    embedding = b.weight("model.embed_tokens.weight", VOCABULARY, WIDTH)
    b.weight("cos_cache", POSITIONS, HEAD // 2)
    b.weight("sin_cache", POSITIONS, HEAD // 2)
    seqlens, total = lengths(b)
    x = b.standard("Gather", "/model/embed_tokens/Gather", [embedding, "input_ids"])
    residual = None
    for layer in range(LAYERS):
        scope = f"/model/layers.{layer}"
        x, residual = b.norm(f"{scope}/input_layernorm", x, residual)
        x = attention(b, layer, x, seqlens, total)
        x, residual = b.norm(f"{scope}/post_attention_layernorm", x, residual)
        x = feed_forward(b, layer, x)
    x, _ = b.norm(f"/model/layers.{LAYERS}/final_norm_layernorm", x, residual)
    b.product("/lm_head/MatMul", x, WIDTH, VOCABULARY, output="logits")
    inputs, outputs = interface()
    graph = helper.make_graph(b.nodes, "main_graph", inputs, outputs, b.initializers)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=7)
    onnx.save(model, path)


def interface():
    half, words = TensorProto.FLOAT16, ["batch_size", "sequence_length"]

    def caches(prefix, length):
        shape = ["batch_size", KV_HEADS, length, HEAD]
        return [
            helper.make_tensor_value_info(f"{prefix}.{layer}.{kind}", half, shape)
            for layer in range(LAYERS)
            for kind in ("key", "value")
        ]

    mask = ["batch_size", "total_sequence_length"]
    inputs = [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, words),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64, mask),
        *caches("past_key_values", "past_sequence_length"),
    ]
    logits = helper.make_tensor_value_info("logits", half, [*words, VOCABULARY])
    return inputs, [logits, *caches("present", "total_sequence_length")]
