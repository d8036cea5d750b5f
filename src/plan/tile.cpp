// Before: layers run one after the other over whole tensors. After: consecutive layers run tile by
// tile, some rows of the last result at a time, so that what they hand on stays in a cache.
// Conditions: rows of each result follow from rows of its operands (convolution, pooling, what goes
// element by element, products with constant weights, norms of the last axis); what is handed on is
// read inside the segment only. Rows that two tiles need are computed by both; weights that do not
// fit beside the tiles are read again for each. A segment is taken where main memory moves fewer
// bytes and the roofline time does not grow. Bytes of the plan, which ignore caches, stay.
// It does not model: memory saved because intermediates are never whole, tiles along columns or
// channels, cores and SMs that a small tile leaves idle.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "roofline/base/units.hpp"
#include "roofline/infer/selection.hpp"
#include "scenario.hpp"
#include "tile_runs.hpp"

namespace roofline::plan {
namespace {

using hardware::MemoryLevel;
using hardware::Profile;

constexpr std::array kTileArguments = infer::with_selection(
    ScenarioArgument{"", "BYTES", "of the cache for tiles and kept weights; all of it by default"},
    ScenarioArgument{"level", "NAME", "the cache; the last one by default"});

/// A result that main memory hardly sees is nothing that tiles could save.
constexpr double kHardlyMissed = 0.01;

const MemoryLevel* find_level(const Profile& profile, const Scenario& scenario, Outcome& outcome) {
  const auto caches = std::span(profile.memory).first(profile.memory.size() - 1);
  const std::string* name = scenario.one("level");
  if (name != nullptr) {
    std::vector<std::string> known;
    for (const MemoryLevel& level : caches) {
      if (level.capacity_bytes && level.name == *name) return &level;
      if (level.capacity_bytes) known.push_back(level.name);
    }
    fail_scenario(
        scenario,
        fmt::format("found '{}', expected a cache of {} with a capacity", *name, profile.id),
        "it has " + (known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  }
  if (!caches.empty() && caches.back().capacity_bytes) return &caches.back();
  outcome.warnings.push_back(
      fmt::format("{} has no cache of a known capacity: nothing stays on its chip", profile.id));
  return nullptr;
}

TileMachine tile_machine(const PlanChange& change, const Scenario& scenario,
                         const MemoryLevel& level) {
  const Profile& profile = change.profile;
  const double all = level.capacity_bytes->value;
  TileMachine machine;
  machine.budget = scenario.bytes("", all);
  if (machine.budget > all) {
    fail_scenario(scenario, fmt::format("asks for {}, {} of {} holds {}",
                                        format_quantity(machine.budget, Unit::kByte), level.name,
                                        profile.id, format_quantity(all, Unit::kByte)));
  }
  const auto& last = profile.memory[profile.memory.size() - 2].capacity_bytes;
  machine.capacity = last ? last->value : 0;
  machine.parallel = profile.kind == "cpu" && profile.cores ? profile.cores->value : 1;
  machine.shared = level.shared;
  machine.bytes_per_s = *hardware::bandwidth(profile.dram(), hardware::Roof::kDatasheet);
  const auto* calibration = hardware::find_calibration(profile, change.plan.runtime, 0);
  if (calibration != nullptr) machine.terms = calibration->terms;
  machine.start_s = std::max(profile.launch_overhead_s.value, machine.terms.step_s);
  return machine;
}

Count grown(Count work, double factor) {
  const auto more = static_cast<std::int64_t>(std::llround(work.as_double() * factor));
  return std::max(work, Count(more));
}

/// A product for each tile.
std::shared_ptr<const ops::Contraction> tiled(const ops::Contraction& whole, double factor,
                                              double tiles) {
  auto each = std::make_shared<ops::Contraction>(whole);
  each->batch *= static_cast<std::int64_t>(tiles);
  each->m = static_cast<std::int64_t>(std::ceil(static_cast<double>(whole.m) * factor / tiles));
  each->valid_macs = grown(whole.valid_macs, factor);
  return each;
}

/// The work of a step whose rows are computed `factor` times in all, in so many tiles.
void grow_work(Step& step, double factor, double tiles) {
  ops::Work& work = step.work;
  work.macs = grown(work.macs, factor);
  work.arithmetic = grown(work.arithmetic, factor);
  work.transcendentals = grown(work.transcendentals, factor);
  step.kernel.work *= factor;
  step.kernel.results *= factor;
  step.kernel.beside_flops *= factor;
  if (!work.contraction) return;
  // The last extent of these kinds is the rows of the product: kernels are called with a tile's.
  const std::string_view kind = step.kernel.kind;
  const bool by_rows = kind == "gemm" || kind == "gemm.aliased" || kind == "conv.pointwise" ||
                       (kind.starts_with("im2col.") && !kind.ends_with("depthwise"));
  if (by_rows) step.kernel.extents[2] = std::max(1.0, step.kernel.extents[2] * factor / tiles);
  work.contraction = tiled(*work.contraction, factor, tiles);
  if (!step.algorithm) return;
  step.algorithm->flops *= factor;
  if (step.algorithm->contraction) {
    step.algorithm->contraction = tiled(*step.algorithm->contraction, factor, tiles);
  }
}

/// Writes a segment into the plan.
class Tiler {
 public:
  Tiler(const PlanChange& change, const TileRun& run, const TileSegment& segment)
      : plan_(change.plan), run_(run), segment_(segment) {}

  void apply() {
    for (std::size_t k = segment_.first; k <= segment_.last; ++k) apply(k);
  }

 private:
  [[nodiscard]] double computed(std::size_t layer) const {
    return segment_.computed[layer - segment_.first];
  }

  void apply(std::size_t k) {
    Step& step = plan_.steps[run_.steps[k]];
    grow_work(step, computed(k), segment_.tiles);
    step.starts = segment_.starts;
    step.reasons.push_back(fmt::format("one of {} layers in tiles of {} rows",
                                       segment_.last - segment_.first + 1, segment_.height));
    const std::size_t count = step.accesses.size();
    std::size_t read = 0;
    for (std::size_t i = 0; i < count; ++i) {
      BufferAccess& access = step.accesses[i];
      const bool weight = plan_.buffers[static_cast<std::size_t>(access.buffer)].is_weight;
      if (access.is_write) {
        if (k < segment_.last) access.reuse_bytes = segment_.reuse_bytes;
      } else if (weight) {
        read_again(step, i);
      } else {
        const TileRead& tile_read = run_.layers[k].reads[read++];
        if (!tile_read.reach) {
          read_again(step, i);
          continue;
        }
        const bool inside = tile_read.from >= static_cast<int>(segment_.first);
        if (inside) access.reuse_bytes = segment_.reuse_bytes;
        // Rows that tiles share are still there, of operands from outside as well.
        const double times =
            inside ? computed(static_cast<std::size_t>(tile_read.from)) : computed(k);
        step.kernel.reread_bytes += (times - 1) * access.bytes.as_double();
      }
    }
    if (step.kernel.reread_bytes > 0) step.kernel.reread_span = segment_.reuse_bytes;
  }

  /// Each tile but the first reads it once more.
  void read_again(Step& step, std::size_t access) {
    const BufferAccess once = step.accesses[access];
    const double again = (segment_.tiles - 1) * once.bytes.as_double();
    if (segment_.keeps_weights) {
      step.kernel.reread_bytes += again;
    } else {
      step.accesses.push_back({once.buffer, false,
                               once.bytes * Count(static_cast<std::int64_t>(segment_.tiles) - 1),
                               segment_.weight_reuse_bytes});
    }
  }

  Plan& plan_;
  const TileRun& run_;
  const TileSegment& segment_;
};

/// Why a layer of a run is in no segment.
std::string_view why_alone(const TileLayer& layer, const TileMachine& machine) {
  if (layer.result_missed < kHardlyMissed) return "caches hold its result without tiles";
  if (layer.last_reader == kBeyond) return "its result is needed behind the chain";
  double bytes = layer.result_bytes * layer.result_missed + layer.weight_bytes;
  for (const TileRead& read : layer.reads) bytes += read.bytes * read.missed;
  if (layer.flops_per_s > 0 && layer.flops / layer.flops_per_s > bytes / machine.bytes_per_s) {
    return "computes longer than it moves data";
  }
  return "no height of tiles saves more than it costs";
}

class TileScenario {
 public:
  TileScenario(PlanChange& change, const TileMachine& machine, const infer::Selection& selection,
               Outcome& outcome)
      : change_(change), machine_(machine), outcome_(outcome) {
    why_.resize(change.plan.steps.size());
    runs_ = tile_runs(change, machine, selection, why_);
  }

  void apply() {
    for (const TileRun& run : runs_) apply(run);
    for (std::size_t s = 0; s < why_.size(); ++s) {
      const Step& step = change_.plan.steps[s];
      if (why_[s].empty() || step.nodes.empty()) continue;
      outcome_.refused.push_back(infer::finding(change_.draft.graph, step.nodes.front(), why_[s]));
    }
    if (extra_flops_ > 0) {
      outcome_.warnings.push_back(fmt::format("rows that tiles share are computed by each: {} more",
                                              format_quantity(extra_flops_, Unit::kFlop)));
    }
  }

 private:
  void apply(const TileRun& run) {
    for (std::size_t k = 0; k < run.steps.size(); ++k) {
      why_[run.steps[k]] = why_alone(run.layers[k], machine_);
    }
    for (const TileSegment& segment : choose_segments(run.layers, machine_)) {
      for (std::size_t k = segment.first; k <= segment.last; ++k) why_[run.steps[k]].clear();
      const Step& first = change_.plan.steps[run.steps[segment.first]];
      outcome_.changed.push_back(infer::finding(
          change_.draft.graph, first.nodes.front(),
          fmt::format("{} layers in tiles of {} rows: {} less, {:.3g} % recomputed",
                      segment.last - segment.first + 1, segment.height,
                      format_quantity(segment.saved_bytes, Unit::kByte),
                      segment.flops > 0 ? 100 * segment.extra_flops / segment.flops : 0)));
      extra_flops_ += segment.extra_flops;
      Tiler(change_, run, segment).apply();
    }
  }

  PlanChange& change_;
  const TileMachine& machine_;
  Outcome& outcome_;
  std::vector<std::string> why_;  ///< by step; empty where it is tiled
  std::vector<TileRun> runs_;
  double extra_flops_ = 0;
};

void apply_tile(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  const infer::Selection selection(change.draft.graph, scenario);
  const MemoryLevel* level = find_level(change.profile, scenario, outcome);
  if (level == nullptr) return;
  const TileMachine machine = tile_machine(change, scenario, *level);
  TileScenario(change, machine, selection, outcome).apply();
}

}  // namespace

const PlanScenario kTile{
    {"tile", "run chains of layers tile by tile, so that a cache holds what they hand on",
     kTileArguments},
    apply_tile};

}  // namespace roofline::plan
