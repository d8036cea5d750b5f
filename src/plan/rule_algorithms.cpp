// Before: steps as the graph has them. After: 3x3 convolutions run by a Winograd transform where
// that takes fewer multiplications than all taps, with transformed weights and a workspace; weights
// of matrix products are stored in 16 bits. Conditions: stride and dilation 1, one group, at least
// 8 channels in and out; tiles of 6 or 4 results. It does not model: how a runtime chooses between
// the tiles beyond counting multiplications, nor the accuracy of either.
#include <algorithm>
#include <cmath>

#include "kernel_rules.hpp"
#include "winograd.hpp"

namespace roofline::plan {
namespace {

constexpr std::int64_t kLeastChannels = 8;
constexpr double kTaps = 9;

bool fits(const Step& step) {
  if (!no_winograd(step).empty()) return false;
  const ops::Contraction& c = *step.work.contraction;
  return c.kernel.front() == 3 && c.k / 9 >= kLeastChannels && c.n >= kLeastChannels;
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
    const WinogradTile* chosen = nullptr;
    // The larger tile where both take as many multiplications.
    const auto tiles = winograd_tiles();
    for (auto tile = tiles.rbegin(); tile != tiles.rend(); ++tile) {
      if (tile->taps != 3 || tile->results < 4) continue;
      const double work =
          std::ceil(height / tile->results) * std::ceil(width / tile->results) * tile->points();
      if (work >= best) continue;
      best = work;
      chosen = &*tile;
    }
    if (chosen == nullptr) return;
    use(step, *chosen, best / (kTaps * height * width), height * width);
  }

 private:
  void use(Step& step, const WinogradTile& tile, double share, double pixels) {
    const ops::Contraction& c = *step.work.contraction;
    const double channels_in = rounded_up(static_cast<double>(c.k) / kTaps, block_);
    const double channels_out = rounded_up(static_cast<double>(c.n), block_);
    step.kernel.kind = "conv.winograd";
    step.kernel.work = 2 * static_cast<double>(c.m) * channels_out * channels_in * kTaps * share;
    step.kernel.extents = {channels_in, channels_out, pixels};
    // Transforms are part of what the kernel's efficiency was fitted to.
    const double valid = 2 * std::min(c.valid_macs, step.work.macs).as_double();
    step.algorithm =
        Algorithm{.name = "Winograd " + tile.name(), .flops = std::min(step.kernel.work, valid)};
    step.reasons.push_back(tile.results == 6 ? "Winograd F(6,3)" : "Winograd F(4,3)");
    transform_weights(tile, step, plan_);
    add_workspace(scaled(touched(step), tile.points() / (tile.results * tile.results)), step,
                  plan_);
  }

  /// Bytes of its first activation and its results.
  [[nodiscard]] Count touched(const Step& step) const {
    Count touched = 0;
    bool first = true;
    for (const BufferAccess& access : step.accesses) {
      if (plan_.buffers[static_cast<std::size_t>(access.buffer)].is_weight) continue;
      if (access.is_write || first) touched += access.bytes;
      first = false;
    }
    return touched;
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
