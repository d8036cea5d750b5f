// Before: convolutions multiply by every tap. After: they run by Winograd's minimal algorithms:
// tiles are transformed, multiplied at every point (a batch of matrix products, one for each
// point), and transformed back. Weights are transformed ahead of time and grow; both transformed
// activations are written and read again, unless one kernel does it all (fused=yes). Tiles at the
// border cost as much as whole ones.
// Conditions: a 3x3 or 5x5 kernel, stride and dilation 1, one group, constant weights, 16 bits or
// more (F(6x6,3x3): 32). Without tile=, the tile that executes the fewest FLOPs, if these are fewer
// than those of the direct algorithm.
// It does not model: registers and caches that large tiles fill, accuracy beyond a warning.
// Products reach the efficiency of the direct kernel, where calibrations know no other.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "contractions.hpp"
#include "winograd.hpp"

namespace roofline::plan {
namespace {

using hardware::Precision;

constexpr std::array kFastConvolutionArguments = infer::with_selection(
    ScenarioArgument{"tile", "2|4|6", "results of a tile on each axis; the cheapest by default"},
    ScenarioArgument{"fused", "yes|no", "transforms run in the kernel: no workspace is written"});
constexpr std::array<std::string_view, 3> kTileNames = {"2", "4", "6"};

/// Kinds of direct kernels, and under which the same convolution is looked up here.
struct Kind {
  std::string_view direct;
  std::string_view transformed;
};
constexpr std::array kKinds = {
    Kind{"conv.spatial", "conv.spatial.winograd"},
    Kind{"conv.first", "conv.first.winograd"},
    Kind{"im2col.spatial", "im2col.spatial.winograd"},
    Kind{"im2col.first", "im2col.first.winograd"},
};

/// One convolution by one tile.
struct Plane {
  double tiles = 0;  ///< of all images
  double product_flops = 0;
  double transform_flops = 0;
  [[nodiscard]] double flops() const { return product_flops + transform_flops; }
};

class FastConvolution {
 public:
  FastConvolution(PlanChange& change, const Scenario& scenario, Outcome& outcome)
      : draft_(change.draft),
        plan_(change.plan),
        outcome_(outcome),
        results_(scenario.has("tile") ? std::stoi(scenario.choice("tile", "", kTileNames)) : 0),
        fused_(scenario.yes("fused")) {}

  void apply(Step& step) {
    if (step.algorithm)
      return refuse(step, fmt::format("runs by {} already", step.algorithm->name));
    std::string why = no_winograd(step);
    if (why.empty()) why = no_shape(step);
    if (!why.empty()) return refuse(step, std::move(why));
    const WinogradTile* best = nullptr;
    for (const WinogradTile& tile : winograd_tiles()) {
      const bool asked = results_ == 0 || tile.results == results_;
      if (tile.taps != step.work.contraction->kernel.front() || !asked) continue;
      if (std::string unfit = loses_too_much(step, tile); !unfit.empty()) {
        why = std::move(unfit);
        continue;
      }
      if (best == nullptr || plane(step, tile).flops() < plane(step, *best).flops()) best = &tile;
    }
    if (best == nullptr) {
      return refuse(step,
                    why.empty() ? fmt::format("no tile of {} for its kernel", results_) : why);
    }
    const double direct =
        2 * std::min(step.work.contraction->valid_macs, step.work.macs).as_double();
    const double flops = plane(step, *best).flops();
    if (results_ == 0 && flops >= direct) {
      return refuse(step, fmt::format("{} takes {:.3g} of the FLOPs of the direct algorithm",
                                      best->name(), flops / direct));
    }
    use(*best, direct, step);
  }

  void warn() {
    if (largest_ == 0) return;
    outcome_.warnings.push_back(fmt::format(
        "tiles up to {0}x{0}: rounding errors grow with the tile, each tile loses bits of fp32 and "
        "more of fp16 (Barabasz et al., arXiv:1803.10986)",
        largest_));
  }

 private:
  void refuse(const Step& step, std::string why) {
    outcome_.refused.push_back(finding(draft_, step, std::move(why)));
  }

  /// Of its results; nullptr when a size is not known.
  [[nodiscard]] const ir::Shape* shape(const Step& step) const {
    for (const ir::NodeId n : step.nodes) {
      if (!draft_.cost(n).work.contraction) continue;
      const auto& shape = draft_.type(draft_.node(n).outputs.at(0)).shape;
      return shape && shape->size() == 4 && ir::is_known(*shape) ? &*shape : nullptr;
    }
    return nullptr;
  }

  [[nodiscard]] std::string no_shape(const Step& step) const {
    const ir::Shape* out = shape(step);
    if (out == nullptr) return "the shape of its result is not known";
    if ((*out)[1] != step.work.contraction->n) return "a transposed convolution";
    if (weight_matrices(draft_, plan_, step).empty()) return "weights are computed in the run";
    return {};
  }

  /// Why a precision cannot bear a tile: transforms multiply by up to 5.25 and add up eight values.
  [[nodiscard]] static std::string loses_too_much(const Step& step, const WinogradTile& tile) {
    if (!step.precision) return {};
    const int bits = hardware::storage_bits(*step.precision);
    const bool rounds = bits <= 16 || step.precision == Precision::kTf32;
    const std::string_view name = hardware::precision_name(*step.precision);
    if (bits <= 8) return fmt::format("transformed operands do not fit into {}", name);
    if (tile.results < 6 || !rounds) return {};
    return fmt::format("{} loses too much in {}", tile.name(), name);
  }

  [[nodiscard]] Plane plane(const Step& step, const WinogradTile& tile) const {
    const ops::Contraction& c = *step.work.contraction;
    const ir::Shape& out = *shape(step);
    const auto across = [&](std::int64_t size) {
      return std::ceil(static_cast<double>(size) / tile.results);
    };
    const double channels_in = static_cast<double>(c.k) / (tile.taps * tile.taps);
    const auto channels_out = static_cast<double>(c.n);
    Plane plane;
    plane.tiles = static_cast<double>(out[0]) * across(out[2]) * across(out[3]);
    plane.product_flops = 2 * tile.points() * plane.tiles * channels_in * channels_out;
    plane.transform_flops =
        plane.tiles * (channels_in * tile.input_flops() + channels_out * tile.output_flops());
    return plane;
  }

  void use(const WinogradTile& tile, double direct, Step& step) {
    const ops::Contraction& c = *step.work.contraction;
    const Plane cost = plane(step, tile);
    const std::int64_t channels_in = c.k / (std::int64_t{tile.taps} * tile.taps);
    const ops::Contraction points = {.batch = std::llround(tile.points()),
                                     .m = std::llround(cost.tiles),
                                     .n = c.n,
                                     .k = channels_in,
                                     .valid_macs = std::llround(cost.product_flops / 2)};
    // Blocked kernels skip taps on padding, plain ones multiply by all of them.
    const bool blocked = step.kernel.layout == Layout::kBlocked;
    const double work = blocked ? direct : 2 * step.work.macs.as_double();
    step.algorithm = Algorithm{.name = "Winograd " + tile.name(),
                               .flops = cost.flops(),
                               .contraction = std::make_shared<const ops::Contraction>(points)};
    step.kernel.work *= cost.product_flops / work;
    step.kernel.beside_flops += cost.transform_flops;
    const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                    [&](const Kind& k) { return k.direct == step.kernel.kind; });
    if (kind != kKinds.end()) step.kernel.kind = kind->transformed;
    if (!fused_) add_workspace(workspace(tile, cost, channels_in + c.n, step), step, plan_);
    transform_weights(tile, step, plan_);
    step.reasons.push_back(step.algorithm->name);
    outcome_.changed.push_back(finding(
        draft_, step,
        fmt::format("{}: {:.3g} of the FLOPs", step.algorithm->name, cost.flops() / direct)));
    largest_ = std::max(largest_, tile.results);
  }

  /// Bytes of both transformed activations.
  [[nodiscard]] Count workspace(const WinogradTile& tile, const Plane& cost, std::int64_t channels,
                                const Step& step) const {
    ir::DType dtype = ir::DType::kFloat32;
    for (const BufferAccess& access : step.accesses) {
      const Buffer& buffer = plan_.buffers[static_cast<std::size_t>(access.buffer)];
      if (buffer.is_weight) continue;
      dtype = buffer.dtype;
      break;
    }
    return ir::bytes(dtype, Count(std::llround(tile.points() * cost.tiles)) * channels);
  }

  const Draft& draft_;
  Plan& plan_;
  Outcome& outcome_;
  int results_;  ///< of a tile; 0: the cheapest
  bool fused_;
  int largest_ = 0;  ///< tile used
};

void apply_fast_convolution(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  FastConvolution pass(change, scenario, outcome);
  for_each_product(change, scenario, outcome, Products::kConvolutions,
                   [&](Step& step) { pass.apply(step); });
  pass.warn();
}

}  // namespace

const PlanScenario kWinograd{
    {"winograd", "run convolutions by Winograd transforms", kFastConvolutionArguments},
    apply_fast_convolution};

}  // namespace roofline::plan
