#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "roofline/base/diagnostic.hpp"
#include "roofline/ir/graph.hpp"
#include "roofline/ops/op_spec.hpp"

namespace roofline::infer {

/// What the user pins down: `--dim`, `--shape`, `--value`, `--trip-count`.
struct Bindings {
  std::map<std::string, std::int64_t> dims;              ///< symbol -> size
  std::map<std::string, ir::Shape> shapes;               ///< tensor name -> shape
  std::map<std::string, std::vector<double>> values;     ///< tensor name -> elements, row-major
  std::map<std::string, std::int64_t> trip_counts = {};  ///< name or id of a Loop -> iterations
};

/// What one node costs each time it runs, algorithmically: every operand once, no plan, no machine.
struct NodeCost {
  const ops::OpSpec* spec = nullptr;  ///< nullptr: operator not in the table
  int opset = 0;                      ///< version of the node's domain that applies to it
  std::int32_t scope = 0;             ///< index into TypedGraph::scopes
  ir::NodeId index = 0;               ///< of the node in the graph that its scope runs
  ops::Work work = {};                ///< meaningful unless confidence is kUnknown
  ops::AccessList accesses = {};
  Count activation_read_bytes = 0;
  Count weight_read_bytes = 0;
  Count written_bytes = 0;
  Count parameters = 0;  ///< elements of the constants that are this node's parameters
  ops::Confidence confidence = ops::Confidence::kUnknown;
  bool bytes_known = false;  ///< false: the byte counts are lower bounds

  [[nodiscard]] Count traffic_bytes() const {
    return activation_read_bytes + weight_read_bytes + written_bytes;
  }
  [[nodiscard]] bool complete() const {
    return confidence != ops::Confidence::kUnknown && bytes_known;
  }
};

/// A part of a model that runs as a whole: its own graph, a function at one call, a branch of an
/// If, the body of a Loop or Scan.
struct Scope {
  std::string id = {};    ///< what the ids of its nodes begin with: "", "7/", "7/then/"
  std::string name = {};  ///< what their names begin with: "", "encoder/", "If#7/then/"
  /// How often it runs; 0 for the branch that is not counted; nullopt where nothing tells.
  std::optional<Count> repeat = Count(1);
  bool at_most = false;  ///< `repeat` is an upper limit
  int region = 0;        ///< equal for scopes that run together: a function is part of its caller
};

/// A graph with every tensor typed or diagnosed. Functions are inlined, and the subgraphs of If,
/// Loop and Scan stand in front of their node, once each, with the number of times they run.
/// Vectors are indexed by ir::TensorId / ir::NodeId of graph().
struct TypedGraph {
  const ir::Model* model = nullptr;
  /// What runs, when that is not simply the model's graph.
  std::shared_ptr<const ir::Graph> expanded = nullptr;
  std::vector<Scope> scopes = {Scope{}};
  std::vector<ir::TensorType> types;
  std::vector<bool> is_constant;  ///< initializer, Constant node, or computed from those alone
  std::vector<NodeCost> costs;
  /// The tensor whose memory this one shares, or itself; empty when expanded is.
  std::vector<ir::TensorId> storage;
  /// Every name of every tensor, those of functions and subgraphs behind their scope's name; empty
  /// when expanded is: then names are the tensors' own.
  std::vector<std::pair<std::string, ir::TensorId>> names;
  std::map<std::string, std::int64_t> dims;  ///< every symbol and the size it stands for
  Count parameters = 0;                      ///< distinct parameter constants, each once
  Count weight_bytes = 0;  ///< bytes of all constants that some node reads, each once
  std::vector<Diagnostic> diagnostics;

  [[nodiscard]] const ir::Graph& graph() const { return expanded ? *expanded : model->graph; }
  [[nodiscard]] const ir::Node& node(ir::NodeId n) const {
    return graph().nodes[static_cast<std::size_t>(n)];
  }
  [[nodiscard]] const Scope& scope(ir::NodeId n) const {
    return scopes[static_cast<std::size_t>(costs[static_cast<std::size_t>(n)].scope)];
  }
  /// "7/then/2": unique, even when names are empty or repeated.
  [[nodiscard]] std::string node_id(ir::NodeId n) const;
  /// "If#7/then/MatMul#2": what messages and reports call the node.
  [[nodiscard]] std::string node_name(ir::NodeId n) const;
};

/// A size that the model leaves open.
struct Dimension {
  std::string symbol = {};               ///< empty: only a --shape can set it
  ir::TensorId tensor = ir::kNoTensor;   ///< the first that declares it
  std::size_t axis = 0;                  ///< and where
  bool is_input = false;                 ///< false: it follows from other sizes
  std::vector<std::string> places = {};  ///< "axis 0 of input 'x'", every one
};
/// The open sizes of the model's inputs and outputs, in order of first appearance.
[[nodiscard]] std::vector<Dimension> dimensions(const ir::Model& model);

/// Walks the model's graph in order, binds symbols, propagates shapes and small values, and costs
/// every node. An unbound symbol becomes 1 with a note "unbound-dim". Throws Error for bindings
/// that name nothing or contradict a declaration; broken nodes become error diagnostics. Keeps a
/// pointer to `model`, which must outlive the result.
[[nodiscard]] TypedGraph infer(const ir::Model& model, const Bindings& bindings);

}  // namespace roofline::infer
