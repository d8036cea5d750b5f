// Owns softmax rows and the losses built on them.
// Refuses normalizations with learned scales.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

// --- Softmax, LogSoftmax, Hardmax
template <int default_axis>
void infer_softmax(OpContext& ctx) {
  same_as_input(ctx);
  const ir::Shape* x = ctx.shape(0);
  if (!x || x->empty()) return;
  // Before opset 13 the axis may be the rank: one row per element then.
  const std::int64_t axis = ctx.attr_int("axis", default_axis);
  if (default_axis == 1 && axis == static_cast<std::int64_t>(x->size())) return;
  // A default of 1 on a vector means nothing is left to coerce; exporters do write that.
  if (ctx.has_attr("axis")) static_cast<void>(normalize_axis(axis, x->size()));
}

/// Rows that are normalized on their own. Before opset 13 the input is coerced to two axes, so all
/// axes from `axis` on make a row; later the one axis does.
template <int default_axis>
Count softmax_rows(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  const std::int64_t axis = ctx.attr_int("axis", default_axis);
  const auto rank = static_cast<std::int64_t>(x.size());
  const std::int64_t first = axis < 0 ? axis + rank : std::min(axis, rank);
  if (default_axis == 1) return product(std::span(x).first(static_cast<std::size_t>(first)));
  if (x.empty()) return 1;
  const std::int64_t length = x[static_cast<std::size_t>(first)];
  return length == 0 ? Count(0) : Count(ctx.elements(0).value() / length);
}

template <int default_axis>
Work log_softmax_work(const OpContext& ctx) {
  Work work = per_input<4, 1>(ctx);
  work.transcendentals += softmax_rows<default_axis>(ctx);
  return work;
}

// --- losses: scores [N, C, d1..], labels [N, d1..], weights [C]
std::optional<ir::Shape> loss_shape(const OpContext& ctx) {
  const ir::Shape* scores = ctx.shape(0);
  const ir::Shape* labels = ctx.shape(1);
  if (scores && scores->size() < 2) {
    shape_error(fmt::format("scores have rank {}, expected at least 2 (N, C)", scores->size()));
  }
  if (scores && labels && labels->size() + 1 != scores->size()) {
    shape_error(fmt::format("scores have rank {}, labels have rank {}, expected {}", scores->size(),
                            labels->size(), scores->size() - 1));
  }
  const std::string_view reduction = ctx.attr_string("reduction", "mean");
  if (reduction == "mean" || reduction == "sum") return ir::Shape{};
  if (reduction != "none") {
    attribute_error(fmt::format("attribute 'reduction' is '{}'", reduction),
                    "expected none, sum or mean");
  }
  if (labels) return *labels;
  if (!scores) return std::nullopt;
  ir::Shape out = *scores;
  out.erase(out.begin() + 1);
  return out;
}

/// Per label: negate, weigh if there are weights, and sum (with the weights, for a weighted mean).
Count loss_arithmetic(const OpContext& ctx, int weight_slot) {
  const bool weighted = ctx.has_input(weight_slot);
  const std::string_view reduction = ctx.attr_string("reduction", "mean");
  const int per_label = 1 + (weighted ? 1 : 0) + (reduction != "none" ? 1 : 0) +
                        (weighted && reduction == "mean" ? 1 : 0);
  return ctx.elements(1) * per_label + (reduction == "mean" ? 1 : 0);
}

void infer_nll_loss(OpContext& ctx) { ctx.set_output(0, ctx.input(0).dtype, loss_shape(ctx)); }

Work nll_loss_work(const OpContext& ctx) { return {.arithmetic = loss_arithmetic(ctx, 2)}; }

/// One score per label is gathered, the others are not touched.
AccessList nll_loss_accesses(const OpContext& ctx) {
  AccessList list = {{.operand = 0, .elements = ctx.elements(1), .run_length = 1}};
  read_whole(ctx, 1, kBuffer, list);
  read_whole(ctx, 2, kParameter, list);
  write_all(ctx, list);
  return list;
}

void infer_cross_entropy(OpContext& ctx) {
  const ir::TensorType& scores = ctx.input(0);
  ctx.set_output(0, scores.dtype, loss_shape(ctx));
  ctx.set_output(1, scores.dtype, scores.shape);
}

Work cross_entropy_work(const OpContext& ctx) {
  Work work = per_input<4, 1>(ctx);
  work.transcendentals += ctx.elements(1);
  work.arithmetic += loss_arithmetic(ctx, 2);
  return work;
}

struct SoftmaxRow {
  std::string_view type;
  int since;
  InferFn infer;
  WorkFn work;
  std::string_view formula;
};

constexpr OpSpec softmax(const SoftmaxRow& r) {
  return {.type = r.type,
          .since = r.since,
          .cls = OpClass::kSoftmax,
          .arity = {1, 1},
          .infer = r.infer,
          .work = r.work,
          .access = touch_as<kData>,
          .formula = r.formula};
}

constexpr std::string_view kSoftmaxFormula =
    "4 per element: compare (max), sub, add, div; and an exp each";
constexpr std::string_view kLogSoftmaxFormula =
    "4 per element: compare (max), sub, add, sub; and an exp each; a log per row";
constexpr std::string_view kHardmaxFormula = "2 per element: compare, select";

constexpr OpSpec kSoftmaxOps[] = {
    softmax({"Softmax", 1, infer_softmax<1>, per_input<4, 1>, kSoftmaxFormula}),
    softmax({"Softmax", 13, infer_softmax<-1>, per_input<4, 1>, kSoftmaxFormula}),
    softmax({"LogSoftmax", 1, infer_softmax<1>, log_softmax_work<1>, kLogSoftmaxFormula}),
    softmax({"LogSoftmax", 13, infer_softmax<-1>, log_softmax_work<-1>, kLogSoftmaxFormula}),
    softmax({"Hardmax", 1, infer_softmax<1>, per_input<2>, kHardmaxFormula}),
    softmax({"Hardmax", 13, infer_softmax<-1>, per_input<2>, kHardmaxFormula}),
    {.type = "NegativeLogLikelihoodLoss",
     .since = 12,
     .cls = OpClass::kReduction,
     .arity = {2, 3},
     .infer = infer_nll_loss,
     .work = nll_loss_work,
     .access = nll_loss_accesses,
     .formula = "1 per label (negate), + 1 if weighted, + 1 if summed, + 1 if a weighted mean; a "
                "division for the mean"},
    {.type = "SoftmaxCrossEntropyLoss",
     .since = 12,
     .cls = OpClass::kSoftmax,
     .arity = {2, 3, 1, 2},
     .infer = infer_cross_entropy,
     .work = cross_entropy_work,
     .access = touch_as<kData, kBuffer, kParameter>,
     .formula = "LogSoftmax (4 per score and an exp, a log per label), + "
                "NegativeLogLikelihoodLoss"},
};

}  // namespace

std::span<const OpSpec> softmax_ops() { return kSoftmaxOps; }

}  // namespace roofline::ops
