// Owns RNN, GRU and LSTM over whole sequences.
// Refuses sequence_lens: every sequence is taken to be as long as the longest.
#include <fmt/format.h>

#include <array>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

/// What tells the three cells apart.
struct Cell {
  std::int64_t gates;
  std::array<int, 3> uses;                   ///< how often each activation runs per hidden unit
  std::array<std::string_view, 3> defaults;  ///< "" ends the list
  int updates;                               ///< other arithmetic per hidden unit and step
};
constexpr Cell kRnn = {1, {1, 0, 0}, {"Tanh", "", ""}, 0};
/// r.*H, (1-z), times h, z.*H, sum.
constexpr Cell kGru = {3, {2, 1, 0}, {"Sigmoid", "Tanh", ""}, 5};
/// f.*C, i.*c, sum, o.*h(C).
constexpr Cell kLstmCell = {4, {3, 1, 1}, {"Sigmoid", "Tanh", "Tanh"}, 4};

struct RecurrentSizes {
  std::int64_t steps = ir::kUnknownDim;
  std::int64_t batch = ir::kUnknownDim;
  std::int64_t inputs = ir::kUnknownDim;
  std::int64_t hidden = ir::kUnknownDim;
  std::int64_t directions = 1;
};

bool is_batch_first(const OpContext& ctx) { return ctx.attr_int("layout", 0) != 0; }

std::int64_t direction_count(const OpContext& ctx) {
  const std::string_view direction = ctx.attr_string("direction", "forward");
  if (direction == "forward" || direction == "reverse") return 1;
  if (direction != "bidirectional") {
    attribute_error(fmt::format("attribute 'direction' is '{}'", direction),
                    "expected forward, reverse or bidirectional");
  }
  return 2;
}

const ir::Shape* shape_of_rank_3(const OpContext& ctx, int i, std::string_view name) {
  const ir::Shape* shape = ctx.shape(i);
  if (shape && shape->size() != 3) {
    shape_error(fmt::format("{} has shape {}, expected rank 3", name, ir::to_string(*shape)));
  }
  return shape;
}

void check_weight(const ir::Shape& w, std::string_view name, const ir::Shape& expected) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (sizes_differ(w[i], expected[i])) {
      shape_error(fmt::format("{} has shape {}, expected {}", name, ir::to_string(w),
                              ir::to_string(expected)),
                  "expected directions x (gates x hidden_size) x columns");
    }
  }
}

RecurrentSizes read_sizes(const OpContext& ctx, const Cell& cell) {
  RecurrentSizes s = {.directions = direction_count(ctx)};
  const ir::Shape* w = shape_of_rank_3(ctx, 1, "W");
  const ir::Shape* r = shape_of_rank_3(ctx, 2, "R");
  if (const ir::Shape* x = shape_of_rank_3(ctx, 0, "X")) {
    s.steps = (*x)[is_batch_first(ctx) ? 1 : 0];
    s.batch = (*x)[is_batch_first(ctx) ? 0 : 1];
    s.inputs = (*x)[2];
  }
  if (w) s.inputs = known_size(s.inputs, (*w)[2]);
  if (r) s.hidden = (*r)[2];
  s.hidden = ctx.attr_int("hidden_size", s.hidden);
  if (s.hidden == ir::kUnknownDim) return s;
  const std::int64_t rows = (Count(cell.gates) * s.hidden).value();
  if (w) check_weight(*w, "W", {s.directions, rows, s.inputs});
  if (r) check_weight(*r, "R", {s.directions, rows, s.hidden});
  return s;
}

template <const Cell& cell>
void infer_recurrent(OpContext& ctx) {
  const ir::DType dtype = ctx.input(0).dtype;
  const RecurrentSizes s = read_sizes(ctx, cell);
  const bool batch_first = is_batch_first(ctx);
  const ir::Shape state = batch_first ? ir::Shape{s.batch, s.directions, s.hidden}
                                      : ir::Shape{s.directions, s.batch, s.hidden};
  ctx.set_output(0, dtype,
                 batch_first ? ir::Shape{s.batch, s.steps, s.directions, s.hidden}
                             : ir::Shape{s.steps, s.directions, s.batch, s.hidden});
  ctx.set_output(1, dtype, state);
  ctx.set_output(2, dtype, state);
}

// --- work
struct UnitCost {
  int arithmetic = 0;
  int transcendentals = 0;
};

struct ActivationCost {
  std::string_view name;
  UnitCost cost;
};
constexpr ActivationCost kActivations[] = {
    {"Sigmoid", {2, 1}},  {"Tanh", {0, 1}},       {"Relu", {1, 0}},
    {"Affine", {2, 0}},   {"LeakyRelu", {2, 0}},  {"ThresholdedRelu", {2, 0}},
    {"Elu", {3, 1}},      {"ScaledTanh", {2, 1}}, {"HardSigmoid", {4, 0}},
    {"Softsign", {3, 0}}, {"Softplus", {1, 2}},
};

UnitCost activation_cost(std::string_view name) {
  for (const ActivationCost& activation : kActivations) {
    if (activation.name == name) return activation.cost;
  }
  attribute_error(fmt::format("attribute 'activations' names '{}'", name),
                  "expected an activation of the ONNX recurrent operators, such as Tanh");
}

/// Activations of one hidden unit at one step, all directions together.
UnitCost activations(const OpContext& ctx, const Cell& cell) {
  const std::vector<std::string>* names = ctx.attr_strings("activations");
  const auto directions = static_cast<std::size_t>(direction_count(ctx));
  UnitCost total;
  std::size_t next = 0;
  for (std::size_t direction = 0; direction < directions; ++direction) {
    for (std::size_t i = 0; i < cell.uses.size() && cell.uses[i] > 0; ++i, ++next) {
      const bool is_named = names && next < names->size();
      const UnitCost one = activation_cost(is_named ? (*names)[next] : cell.defaults[i]);
      total.arithmetic += cell.uses[i] * one.arithmetic;
      total.transcendentals += cell.uses[i] * one.transcendentals;
    }
  }
  return total;
}

/// Arithmetic of one hidden unit at one step besides products and activations.
std::int64_t unit_arithmetic(const OpContext& ctx, const Cell& cell) {
  const bool has_bias = ctx.has_input(3);
  std::int64_t n = cell.updates;
  if (has_bias) n += cell.gates;
  if (ctx.has_input(7)) n += 6;                   // peepholes: 3 gates, mul and add
  if (ctx.has_attr("clip")) n += 2 * cell.gates;  // min and max
  // The hidden gate's two products stay apart: one more sum, and its second bias.
  if (ctx.attr_int("linear_before_reset", 0) != 0) n += has_bias ? 2 : 1;
  return n;
}

template <const Cell& cell>
Work recurrent_work(const OpContext& ctx) {
  const RecurrentSizes s = read_sizes(ctx, cell);
  Work work = contract({.batch = (Count(s.steps) * s.directions).value(),
                        .m = s.batch,
                        .n = (Count(cell.gates) * s.hidden).value(),
                        .k = (Count(s.inputs) + s.hidden).value()});
  const Count units = Count(s.steps) * s.batch * s.hidden;
  const UnitCost activation = activations(ctx, cell);
  work.arithmetic = units * (s.directions * unit_arithmetic(ctx, cell) + activation.arithmetic);
  work.transcendentals = units * activation.transcendentals;
  return work;
}

constexpr OpSpec kRecurrentOps[] = {
    {.type = "RNN",
     .since = 1,
     .cls = OpClass::kRecurrent,
     .arity = {3, 6, 0, 2},
     .infer = infer_recurrent<kRnn>,
     .work = recurrent_work<kRnn>,
     .access = touch_as<kData, kParameter, kParameter, kParameter, kBuffer, kData>,
     .formula = "2*T*D*N*H*(I+H); per step, direction and hidden unit: + 1 if B (Wb + Rb folded), "
                "and the activation (Tanh: a transcendental); weights are read once"},
    {.type = "GRU",
     .since = 1,
     .cls = OpClass::kRecurrent,
     .arity = {3, 6, 0, 2},
     .infer = infer_recurrent<kGru>,
     .work = recurrent_work<kGru>,
     .access = touch_as<kData, kParameter, kParameter, kParameter, kBuffer, kData>,
     .formula =
         "2*T*D*N*3H*(I+H); per step, direction and hidden unit: 5 (update), + 3 if B (Wb + "
         "Rb folded), + 4 and 3 transcendentals (2 Sigmoid, Tanh); linear_before_reset: + 1, "
         "+ 1 if B; weights are read once"},
    {.type = "LSTM",
     .since = 1,
     .cls = OpClass::kRecurrent,
     .arity = {3, 8, 0, 3},
     .infer = infer_recurrent<kLstmCell>,
     .work = recurrent_work<kLstmCell>,
     .access =
         touch_as<kData, kParameter, kParameter, kParameter, kBuffer, kData, kData, kParameter>,
     .formula = "2*T*D*N*4H*(I+H); per step, direction and hidden unit: 4 (update), + 4 if B (Wb + "
                "Rb folded), + 6 if P (peepholes), + 6 and 5 transcendentals (3 Sigmoid, 2 Tanh); "
                "weights are read once"},
};

}  // namespace

std::span<const OpSpec> recurrent_ops() { return kRecurrentOps; }

}  // namespace roofline::ops
