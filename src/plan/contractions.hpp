#pragma once
#include <functional>
#include <map>
#include <utility>

#include "roofline/infer/selection.hpp"
#include "scenario.hpp"

namespace roofline::plan {

/// A convolution or a matrix product: what kernels of other precisions and algorithms exist for.
[[nodiscard]] bool is_product(const Step& step);
/// True where every node only moves, compares or adds elements: movement, pooling, Relu, Clip,
/// residual sums.
[[nodiscard]] bool only_selects(const Draft& draft, const Step& step);
/// Elements of a node's first result; 0 where they are not known.
[[nodiscard]] Count results_of(const Draft& draft, ir::NodeId n);
/// True where any of the step's nodes is picked.
[[nodiscard]] bool picks(const infer::Selection& selection, const Step& step);
/// A finding about the step, under its first node.
[[nodiscard]] Finding finding(const Draft& draft, const Step& step, std::string what);

enum class Products { kAll, kConvolutions };
/// Calls `apply` for each product that a scenario picks, in the plan's order. Other steps are
/// passed by, and refused where the scenario names nodes.
void for_each_product(PlanChange& change, const Scenario& scenario, Outcome& outcome,
                      Products products, const std::function<void(Step&)>& apply);

/// Indices into the accesses of a product: the constant matrices that it multiplies by.
[[nodiscard]] std::vector<std::size_t> weight_matrices(const Draft& draft, const Plan& plan,
                                                       const Step& step);
/// The step's algorithm; a direct one comes to stand there where it has none.
Algorithm& algorithm_of(Step& step);
/// Lets the step execute `factor` times its FLOPs in a product of `contraction`.
void scale_product(double factor, ops::Contraction contraction, std::string_view name, Step& step);
/// The product that runs.
[[nodiscard]] const ops::Contraction& executed_contraction(const Step& step);

/// Of a kernel or its strides.
[[nodiscard]] bool all_one(std::span<const std::int64_t> values);
/// Elements that an access touches.
[[nodiscard]] Count elements_of(const Plan& plan, const BufferAccess& access);
/// Bytes of `elements` of so many bits, rounded up to whole bytes.
[[nodiscard]] Count packed_bytes(Count elements, int bits);

/// Other forms that buffers are kept in, each made once.
class BufferForms {
 public:
  explicit BufferForms(Plan& plan) : plan_(plan) {}
  /// A buffer beside `of` with elements of `dtype` and `bytes` in all; `of` itself where that is
  /// its type and `bytes` are its own. A form that exists is returned as it is.
  BufferId form(BufferId of, ir::DType dtype, std::optional<Count> bytes);

 private:
  Plan& plan_;
  std::map<std::pair<BufferId, ir::DType>, BufferId> forms_ = {};
};

}  // namespace roofline::plan
