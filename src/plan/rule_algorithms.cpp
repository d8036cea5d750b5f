// Before: steps as the graph has them. After: 3x3 convolutions run by a Winograd transform where
// that takes fewer multiplications than all taps, with transformed weights and a workspace; weights
// of matrix products are stored in 16 bits. Conditions: stride and dilation 1, one group, at least
// 8 channels in and out; tiles of 6 or 4 results. It does not model: how a runtime chooses between
// the tiles beyond counting multiplications, nor the accuracy of either.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernel_rules.hpp"

namespace roofline::plan {
namespace {

constexpr std::int64_t kLeastChannels = 8;
constexpr double kTaps = 9;

/// F(6,3) and F(4,3): results of a tile on each axis.
constexpr std::array kTiles = {6.0, 4.0};

/// Points of a tile in the transformed domain, on a plane.
double points(double results) { return (results + 2) * (results + 2); }

bool fits(const Step& step) {
  const ops::Contraction* c = step.work.contraction.get();
  if (c == nullptr || step.cls != ops::OpClass::kConv || c->groups != 1) return false;
  const auto all_one = [](const std::vector<std::int64_t>& values) {
    return std::all_of(values.begin(), values.end(), [](std::int64_t v) { return v == 1; });
  };
  return c->kernel == std::vector<std::int64_t>{3, 3} && all_one(c->stride) &&
         all_one(c->dilation) && c->k / 9 >= kLeastChannels && c->n >= kLeastChannels;
}

Count scaled(Count bytes, double factor) {
  return static_cast<std::int64_t>(std::llround(bytes.as_double() * factor));
}

double rounded_up(double value, double step) { return step * std::ceil(value / step); }

class Winograd {
 public:
  Winograd(const Draft& draft, int block, Plan& plan) : draft_(draft), block_(block), plan_(plan) {}

  void apply(Step& step) {
    const ir::Node& last = draft_.node(step.nodes.back());
    const auto& shape = draft_.type(last.outputs.at(0)).shape;
    if (!shape || shape->size() != 4 || !ir::is_known(*shape)) return;
    const auto height = static_cast<double>((*shape)[2]);
    const auto width = static_cast<double>((*shape)[3]);
    double best = kTaps * height * width;
    double tile = 0;
    for (const double results : kTiles) {
      const double work =
          std::ceil(height / results) * std::ceil(width / results) * points(results);
      if (work >= best) continue;
      best = work;
      tile = results;
    }
    if (tile == 0) return;
    use(step, tile, best / (kTaps * height * width), height * width);
  }

 private:
  void use(Step& step, double tile, double share, double pixels) {
    const ops::Contraction& c = *step.work.contraction;
    const double channels_in = rounded_up(static_cast<double>(c.k) / kTaps, block_);
    const double channels_out = rounded_up(static_cast<double>(c.n), block_);
    step.kernel.kind = "conv.winograd";
    step.kernel.work = 2 * static_cast<double>(c.m) * channels_out * channels_in * kTaps * share;
    step.kernel.extents = {channels_in, channels_out, pixels};
    step.reasons.push_back(tile == 6 ? "Winograd F(6,3)" : "Winograd F(4,3)");
    expand_weights(step, points(tile) / kTaps);
    add_workspace(step, points(tile) / (tile * tile));
  }

  void expand_weights(Step& step, double factor) {
    const ops::Contraction& c = *step.work.contraction;
    for (BufferAccess& access : step.accesses) {
      Buffer& buffer = plan_.buffers[static_cast<std::size_t>(access.buffer)];
      if (!buffer.is_weight || access.bytes < Count(c.k) * Count(c.n)) continue;
      access.bytes = scaled(access.bytes, factor);
      buffer.bytes = access.bytes;
      return;
    }
  }

  /// Both transformed activations, written and read.
  void add_workspace(Step& step, double factor) {
    Count touched = 0;
    ir::TensorId origin = ir::kNoTensor;
    ir::DType dtype = ir::DType::kFloat32;
    for (const BufferAccess& access : step.accesses) {
      const Buffer& buffer = plan_.buffers[static_cast<std::size_t>(access.buffer)];
      if (buffer.is_weight) continue;
      if (access.is_write || origin == ir::kNoTensor) touched += access.bytes;
      if (origin == ir::kNoTensor) dtype = buffer.dtype;
      origin = buffer.tensor;
    }
    const auto workspace = static_cast<BufferId>(plan_.buffers.size());
    const Count bytes = scaled(touched, factor);
    plan_.buffers.push_back({.tensor = origin, .dtype = dtype, .bytes = bytes});
    step.accesses.push_back({workspace, true, bytes});
    step.accesses.push_back({workspace, false, bytes});
  }

  const Draft& draft_;
  double block_;
  Plan& plan_;
};

/// Weights of matrix products, stored in 16 bits; a weight may have several readers.
void halve_matrices(Plan& plan) {
  std::vector<bool> halved(plan.buffers.size());
  for (Step& step : plan.steps) {
    if (step.cls != ops::OpClass::kMatmul || !step.work.contraction) continue;
    for (const BufferAccess& access : step.accesses) {
      const auto b = static_cast<std::size_t>(access.buffer);
      const Buffer& buffer = plan.buffers[b];
      halved[b] = halved[b] || (buffer.is_weight && buffer.dtype == ir::DType::kFloat32);
    }
  }
  for (std::size_t b = 0; b < halved.size(); ++b) {
    if (!halved[b]) continue;
    plan.buffers[b].dtype = ir::DType::kFloat16;
    if (plan.buffers[b].bytes) plan.buffers[b].bytes = scaled(*plan.buffers[b].bytes, 0.5);
  }
  for (Step& step : plan.steps) {
    for (BufferAccess& access : step.accesses) {
      if (halved[static_cast<std::size_t>(access.buffer)]) access.bytes = scaled(access.bytes, 0.5);
    }
  }
}

}  // namespace

void finish_by_rules(const Draft& draft, const KernelRules& rules, Plan& plan) {
  if (rules.halves_matrices) halve_matrices(plan);
  if (!rules.winograd) return;
  Winograd winograd(draft, rules.block, plan);
  for (Step& step : plan.steps) {
    if (fits(step)) winograd.apply(step);
  }
}

}  // namespace roofline::plan
