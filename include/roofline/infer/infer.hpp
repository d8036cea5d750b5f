#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "roofline/base/diagnostic.hpp"
#include "roofline/ir/graph.hpp"
#include "roofline/ops/op_spec.hpp"

namespace roofline::infer {

/// What the user pins down: `--dim`, `--shape`, `--value`.
struct Bindings {
  std::map<std::string, std::int64_t> dims;           ///< symbol -> size
  std::map<std::string, ir::Shape> shapes;            ///< tensor name -> shape
  std::map<std::string, std::vector<double>> values;  ///< tensor name -> elements, row-major
};

/// What one node costs, algorithmically: every operand once, no plan, no machine.
struct NodeCost {
  const ops::OpSpec* spec = nullptr;  ///< nullptr: operator not in the table
  int opset = 0;                      ///< imported version of the node's domain
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
};

/// A graph with every tensor typed or diagnosed. Vectors are indexed by ir::TensorId / ir::NodeId.
struct TypedGraph {
  const ir::Model* model = nullptr;
  std::vector<ir::TensorType> types;
  std::vector<bool> is_constant;  ///< initializer, Constant node, or computed from those alone
  std::vector<NodeCost> costs;
  std::map<std::string, std::int64_t> dims;  ///< every symbol and the size it stands for
  Count parameters = 0;                      ///< distinct parameter constants, each once
  Count weight_bytes = 0;  ///< bytes of all constants that some node reads, each once
  std::vector<Diagnostic> diagnostics;
};

/// Walks the model's graph in order, binds symbols, propagates shapes and small values, and costs
/// every node. An unbound symbol becomes 1 with a note "unbound-dim". Throws Error for bindings
/// that name nothing or contradict a declaration; broken nodes become error diagnostics. Keeps a
/// pointer to `model`, which must outlive the result.
[[nodiscard]] TypedGraph infer(const ir::Model& model, const Bindings& bindings);

}  // namespace roofline::infer
