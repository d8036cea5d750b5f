#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "walk.hpp"

namespace roofline::infer {

/// True when the model calls functions of its own or has control flow: then what runs is not its
/// graph as it stands.
[[nodiscard]] bool needs_expansion(const ir::Model& model);
/// infer() for such a model.
[[nodiscard]] TypedGraph expand(const ir::Model& model, const Bindings& bindings);

/// One graph while it is laid out: which tensor of the executed graph each of its tensors is.
struct Frame {
  const ir::Graph& graph;
  const Frame* outer = nullptr;   ///< the enclosing graph, whose tensors a subgraph may read
  const Frame* caller = nullptr;  ///< the graph with the node that runs this one
  const ir::Function* function = nullptr;                 ///< set in a function's body
  const std::vector<ir::Attribute>* arguments = nullptr;  ///< attributes of the function's call
  const Opsets& opsets;
  std::int32_t scope = 0;
  std::vector<ir::TensorId> ids;  ///< by local tensor; kNoTensor: does not exist (yet)
};

/// How often a body runs.
struct Trips {
  std::optional<Count> count = Count(1);
  bool at_most = false;  ///< `count` is an upper limit
  bool given = false;    ///< by the user: what the body computes does not matter
};

/// Longer sequences and loops are not unrolled.
inline constexpr std::int64_t kMostUnrolled = 512;

/// Throws RuleError when the node has no such graph.
[[nodiscard]] const ir::Graph& graph_attribute(const ir::Node& node, std::string_view name);
/// The single element of an integer tensor, if it is known.
[[nodiscard]] std::optional<std::int64_t> known_scalar(const ir::TensorType& type);
[[nodiscard]] bool equal(const ir::TensorType& a, const ir::TensorType& b);

/// What a body is given for one of its inputs.
struct BodyInput {
  ir::TensorType type = {};
  ir::TensorId source = ir::kNoTensor;  ///< whose memory it shares
  bool is_slice = false;                ///< it is a part of `source`, as constant as that
};

/// A body whose results feed back into its inputs, and where they do.
struct Recurrence {
  const ir::Graph& body;
  std::vector<BodyInput> inputs = {};  ///< of the first iteration
  std::size_t first_input = 0;         ///< the first state among the body's inputs
  std::size_t first_output = 0;        ///< and among its results
  std::size_t states = 0;
  bool counts = false;  ///< input 0 is the number of the iteration
};

/// What the operands of a Scan say of its runs.
struct ScanSizes {
  bool batched = false;         ///< opset 8: every operand has a leading axis of batches
  std::size_t first_slice = 0;  ///< the first operand that is scanned
  std::optional<std::int64_t> slices = std::nullopt;
  std::optional<std::int64_t> batch = std::nullopt;
};

/// Lays a model out as the one graph that runs: functions inlined, bodies of control flow once each
/// with the number of times they run.
class Expander {
 public:
  Expander(const ir::Model& model, const Bindings& bindings);
  [[nodiscard]] TypedGraph run();

 private:
  /// How much there was at some moment, so that what was laid out since can be taken back.
  struct Mark {
    std::size_t tensors, nodes, names, scopes, diagnostics, bytes;
  };
  using Ids = std::vector<ir::TensorId>;
  using Handler = Ids (Expander::*)(Frame&, ir::NodeId slot);

  // expand.cpp: graphs, functions, plain nodes
  [[nodiscard]] Mark mark() const;
  void take_back(const Mark& mark);
  void run_nodes(Frame& frame);
  void run_node(Frame& frame, ir::NodeId n);
  [[nodiscard]] ir::Node resolve(const Frame& frame, const ir::Node& node) const;
  ir::NodeId append_node(Frame& frame, ir::NodeId n, ir::Node node);
  void run_leaf(Frame& frame, ir::NodeId n, ir::Node node);
  void call(Frame& frame, ir::NodeId n, const ir::Node& node, const ir::Function& function);
  [[nodiscard]] std::string refusal(const Frame& frame, const ir::Graph& body,
                                    const ir::Function* function);
  ir::TensorId append_tensor(const Frame& frame, ir::TensorId local);
  ir::TensorId result_of(Frame& frame, ir::TensorId local);
  void bind_constants_and_captures(Frame& frame);
  [[nodiscard]] ir::TensorId captured(const Frame& frame, const std::string& name);
  std::int32_t add_scope(const Frame& frame, ir::NodeId n, const ir::Node& node,
                         const std::string& label, const Trips& trips, bool same_region);
  void finish_results(Frame& frame, const Ids& local, const Ids& results);
  void share(ir::TensorId id, ir::TensorId source);
  [[nodiscard]] std::size_t graph_size(const ir::Graph& graph);

  // control.cpp: If, Loop, Scan; control_lists.cpp: SequenceMap and text generation
  /// A body that was laid out.
  struct Body {
    Ids results = {};
    std::size_t first_node = 0;
  };
  /// What a recurrence leaves behind.
  struct Outcome {
    Trips trips = {};
    std::vector<ir::TensorType> results =
        {};        ///< in the body's order; of what is stacked: one element
    Ids ids = {};  ///< the body's results themselves
  };
  void run_control(Frame& frame, ir::NodeId n, ir::Node node, Handler handler);
  [[nodiscard]] static Handler handler_of(const ir::Node& node);
  Body run_body(Frame& frame, ir::NodeId slot, const ir::Graph& body, const std::string& label,
                const Trips& trips, const std::vector<BodyInput>& inputs);
  Ids run_if(Frame& frame, ir::NodeId slot);
  Ids run_loop(Frame& frame, ir::NodeId slot);
  Ids run_scan(Frame& frame, ir::NodeId slot);
  [[nodiscard]] Recurrence read_scan(ir::NodeId slot, ScanSizes& sizes) const;
  [[nodiscard]] BodyInput scan_input(const ir::Node& node, std::size_t i, bool is_state,
                                     ScanSizes& sizes) const;
  Ids run_sequence_map(Frame& frame, ir::NodeId slot);
  Ids run_generation(Frame& frame, ir::NodeId slot);

  // recurrence.cpp: repetition
  Outcome iterate(Frame& frame, ir::NodeId slot, Trips trips, const Recurrence& recurrence);
  Body run_to_fixpoint(Frame& frame, ir::NodeId slot, const Trips& trips,
                       const Recurrence& recurrence);
  std::optional<Outcome> unroll(Frame& frame, ir::NodeId slot, const Trips& trips,
                                const Recurrence& recurrence);
  [[nodiscard]] std::optional<Trips> given_trips(ir::NodeId slot);
  void feed_back(const Body& body, const Recurrence& recurrence, std::vector<BodyInput>& inputs,
                 Outcome& outcome) const;
  [[nodiscard]] Trips loop_trips(ir::NodeId slot);
  void report_trips(ir::NodeId slot, const Trips& trips);
  [[nodiscard]] bool is_broken(const Mark& first, const Mark& last) const;
  void drop(const Mark& first, const Mark& last, bool cannot_run);
  [[nodiscard]] Count cost_between(std::size_t first_node, std::size_t last_node) const;
  [[nodiscard]] bool priced_since(std::size_t first_node) const;
  ir::TensorId new_result(Frame& frame, ir::NodeId slot, std::size_t i, ir::TensorType type);
  [[nodiscard]] const ir::TensorType& type(ir::TensorId id) const;
  [[nodiscard]] ir::TensorType operand_type(const ir::Node& node, std::size_t i) const;

  const ir::Model& model_;
  const Bindings& bindings_;
  std::shared_ptr<ir::Graph> graph_;  ///< what runs
  Walk walk_;
  std::map<std::pair<const ir::Graph*, ir::TensorId>, ir::TensorId> constants_ = {};
  std::unordered_map<const ir::Graph*, std::unordered_map<std::string_view, ir::TensorId>> names_ =
      {};
  std::unordered_map<const ir::Graph*, std::size_t> sizes_ = {};
  std::map<std::string, const ir::Function*> functions_ = {};
  std::set<std::string> loops_ = {};  ///< names and ids that --trip-count may give
  std::size_t bytes_ = 0;             ///< laid out, roughly
  std::size_t visits_ = 0;            ///< nodes walked, those taken back included
};

}  // namespace roofline::infer
