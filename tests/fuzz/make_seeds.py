#!/usr/bin/python3
"""Writes the seeds of fuzz_analyze: small models with what the walk treats specially.

Needs python3-onnx."""
import pathlib

from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).resolve().parent / "corpus" / "analyze"
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
node = helper.make_node


def value(name, *shape, dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def ints(name, *values):
    return helper.make_tensor(name, INT64, [len(values)], values)


def save(name, nodes, inputs, outputs, constants=(), functions=(), opset=17, domains=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions))
    model.ir_version = 8
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())


def body(name, nodes, inputs, outputs):
    return helper.make_graph(nodes, name, inputs, outputs)


def loop_body(*nodes):
    states = [value("i", dtype=INT64), value("go", dtype=BOOL), value("s", 2, 4)]
    return body("body", [node("Identity", ["go"], ["on"]), *nodes],
                states, [value("on", dtype=BOOL), value("n"), value("n")])


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    x = value("x", 2, 4)
    branch = [body(b, [node(op, ["x"], [b])], [], [value(b)]) for b, op in (("t", "Relu"), ("e", "NonZero"))]
    save("if", [node("If", ["c"], ["y"], then_branch=branch[0], else_branch=branch[1])],
         [x, value("c", dtype=BOOL)], [value("y")])
    save("loop", [node("Loop", ["m", "", "x"], ["y", "z"], body=loop_body(node("Relu", ["s"], ["n"])))],
         [x], [value("y"), value("z")], [helper.make_tensor("m", INT64, [], [3])])
    save("grow", [node("Loop", ["m", "", "x"], ["y", "z"],
                       body=loop_body(node("Concat", ["s", "x"], ["n"], axis=0)))],
         [x], [value("y"), value("z")], [helper.make_tensor("m", INT64, [], [3])])
    scan = body("b", [node("Add", ["s", "r"], ["n"])], [value("s", 4), value("r", 4)], [value("n"), value("n")])
    save("scan", [node("Scan", ["a", "x"], ["y", "z"], body=scan, num_scan_inputs=1)],
         [x, value("a", 4)], [value("y"), value("z")])
    function = helper.make_function("f", "F", ["a"], ["b"], [node("Transpose", ["a"], ["t"]), node("MatMul", ["a", "t"], ["b"])],
                                    [helper.make_opsetid("", 17)])
    save("function", [node("F", ["x"], ["h"], domain="f"), node("F", ["h"], ["y"], domain="f")],
         [x], [value("y")], functions=[function], domains=["f"])
    save("sequence", [node("SplitToSequence", ["x"], ["q"]), node("SequenceAt", ["q", "at"], ["e"]),
                      node("SequenceInsert", ["q", "e"], ["w"]), node("ConcatFromSequence", ["w"], ["y"], axis=0)],
         [x], [value("y")], [helper.make_tensor("at", INT64, [], [1])])
    save("optional", [node("Optional", ["x"], ["o"]), node("OptionalHasElement", ["o"], ["h"]),
                      node("OptionalGetElement", ["o"], ["y"])], [x], [value("y"), value("h")])
    save("limits", [node("NonZero", ["x"], ["w"]), node("Transpose", ["w"], ["r"]), node("Shape", ["r"], ["s"]),
                    node("ReduceMin", ["s"], ["k"]), node("ConstantOfShape", ["k"], ["f"]),
                    node("GatherND", ["x", "r"], ["g"]), node("TopK", ["g", "k"], ["y", "z"])],
         [x], [value("y"), value("f")])
    save("quantized", [node("DequantizeLinear", ["q", "s"], ["a"]), node("DequantizeLinear", ["w", "s"], ["b"]),
                       node("MatMul", ["a", "b"], ["m"]), node("QuantizeLinear", ["m", "s"], ["y"])],
         [value("q", 2, 4, dtype=TensorProto.INT8)], [value("y")],
         [helper.make_tensor("s", FLOAT, [], [1.0]), helper.make_tensor("w", TensorProto.INT8, [4, 2], [1] * 8)])
    ms = "com.microsoft"
    save("contrib", [node("GroupQueryAttention", ["q", "k", "k", "", "", "l", "t"], ["y", "p", "v"], domain=ms,
                          num_heads=2, kv_num_heads=1),
                     node("MatMulNBits", ["y", "b", "s"], ["z"], domain=ms, K=16, N=4, bits=4, block_size=16)],
         [value("q", 1, 3, 16), value("k", 1, 3, 8), value("l", 1, dtype=TensorProto.INT32)], [value("z")],
         [helper.make_tensor("t", TensorProto.INT32, [1], [3]), helper.make_tensor("b", TensorProto.UINT8, [4, 1, 8], [0] * 32),
          helper.make_tensor("s", FLOAT, [4], [1.0] * 4)], domains=[ms])
    save("trees", [node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0, 0, 0],
                        nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_values=[0.5, 0.0, 0.0],
                        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0],
                        nodes_falsenodeids=[2, 0, 0], target_treeids=[0, 0], target_nodeids=[1, 2],
                        target_ids=[0, 0], target_weights=[1.0, 2.0])], [x], [value("y")], domains=["ai.onnx.ml"])


if __name__ == "__main__":
    main()
