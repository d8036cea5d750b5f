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
#include "tile_search.hpp"

namespace roofline::plan {
namespace {

using hardware::MemoryLevel;
using hardware::Profile;

constexpr std::array kArguments = {
    ScenarioArgument{"", "BYTES", "of the cache for tiles and kept weights; all of it by default"},
    ScenarioArgument{"level", "NAME", "the cache; the last one by default"},
    infer::kSelectionArguments[0],
    infer::kSelectionArguments[1],
    infer::kSelectionArguments[2],
};

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

/// Consecutive steps that can all go by rows, of one batch.
struct Run {
  std::vector<std::size_t> steps;  ///< of the plan, parallel to `layers`
  std::vector<RowMap> maps;
  std::vector<TileLayer> layers;
};

/// Cuts the plan into runs, and says what main memory sees of each step without tiles.
class RunBuilder {
 public:
  RunBuilder(const PlanChange& change, const TileMachine& machine,
             const infer::Selection& selection)
      : change_(change),
        machine_(machine),
        selection_(selection),
        last_reader_(change.plan.buffers.size(), kNobody),
        touched_(change.plan.buffers.size(), kNever) {
    for (std::size_t s = 0; s < change.plan.steps.size(); ++s) {
      for (const BufferAccess& access : change.plan.steps[s].accesses) {
        total_ += access.bytes.as_double();
        if (!access.is_write) last_reader_[index(access)] = s;
      }
    }
  }

  /// `why`: for each step that is in no run, the reason.
  std::vector<Run> build(std::vector<std::string>& why) {
    for (std::size_t s = 0; s < change_.plan.steps.size(); ++s) {
      const Step& step = change_.plan.steps[s];
      if (step.kind == StepKind::kHost) continue;
      here_ = 0;
      for (const BufferAccess& access : step.accesses) here_ += access.bytes.as_double();
      RowMap map = map_rows(change_.draft, change_.plan, step, axis_);
      if (map.barrier.empty() && !step.nodes.empty() && !selection_.has(step.nodes.front())) {
        map.barrier = "not asked for";
      }
      if (!map.barrier.empty()) {
        why[s] = map.barrier;
        close();
      } else {
        if (!run_.layers.empty() &&
            (map.axis != axis_ || double(map.items) != run_.layers.back().items)) {
          close();
        }
        add(s, std::move(map));
      }
      clock_ += here_;
      for (const BufferAccess& access : step.accesses) touched_[index(access)] = clock_;
    }
    close();
    return std::move(runs_);
  }

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  static constexpr double kNever = -1;

  static std::size_t index(const BufferAccess& access) {
    return static_cast<std::size_t>(access.buffer);
  }

  [[nodiscard]] double missed(const BufferAccess& access, bool weight) const {
    const hardware::Terms& terms = machine_.terms;
    const double since = touched_[index(access)];
    // A result is written over what died last, at the nearest.
    const double distance = access.is_write   ? here_
                            : since == kNever ? total_
                                              : clock_ - since + here_;
    return hardware::miss_rate(
        (weight ? terms.weight_residency : terms.activation_residency) * machine_.capacity,
        distance, terms.residency_sharpness);
  }

  [[nodiscard]] int layer_of(BufferId buffer) const {
    for (std::size_t k = run_.maps.size(); k-- > 0;) {
      if (run_.maps[k].result == buffer) return static_cast<int>(k);
      if (run_.maps.size() - k > kLongestSegment) break;
    }
    return -1;
  }

  void add(std::size_t s, RowMap map) {
    const Step& step = change_.plan.steps[s];
    TileLayer layer = {.rows = static_cast<double>(map.rows),
                       .items = static_cast<double>(map.items),
                       .flops = step.work.flops().as_double()};
    if (step.unit >= 0 && step.precision) {
      const auto& unit = change_.profile.units[static_cast<std::size_t>(step.unit)];
      layer.flops_per_s = unit.peaks.at(*step.precision).flops_per_s.value;
    }
    double weights_missed = 0;
    for (std::size_t i = 0; i < step.accesses.size(); ++i) {
      const BufferAccess& access = step.accesses[i];
      const double bytes = access.bytes.as_double();
      const Buffer& buffer = change_.plan.buffers[index(access)];
      if (access.is_write) {
        layer.result_bytes = bytes;
        layer.result_missed = missed(access, false);
      } else if (buffer.is_weight) {
        layer.weight_bytes += bytes;
        weights_missed += bytes * missed(access, true);
      } else {
        layer.reads.push_back({.from = layer_of(access.buffer),
                               .bytes = bytes,
                               .missed = missed(access, false),
                               .reach = map.reaches[i]});
      }
    }
    if (layer.weight_bytes > 0) layer.weight_missed = weights_missed / layer.weight_bytes;
    axis_ = map.axis;
    run_.steps.push_back(s);
    run_.maps.push_back(std::move(map));
    run_.layers.push_back(std::move(layer));
  }

  void close() {
    for (std::size_t k = 0; k < run_.layers.size(); ++k) {
      const BufferId b = run_.maps[k].result;
      const std::size_t reader = last_reader_[static_cast<std::size_t>(b)];
      const bool inside = reader != kNobody && reader <= run_.steps.back() &&
                          !change_.plan.buffers[static_cast<std::size_t>(b)].is_output;
      const auto at = std::lower_bound(run_.steps.begin(), run_.steps.end(), reader);
      run_.layers[k].last_reader = inside ? static_cast<int>(at - run_.steps.begin()) : kBeyond;
    }
    if (!run_.layers.empty()) runs_.push_back(std::move(run_));
    run_ = {};
    axis_.reset();
  }

  const PlanChange& change_;
  const TileMachine& machine_;
  const infer::Selection& selection_;
  std::vector<std::size_t> last_reader_;  ///< by buffer, a step of the plan
  std::vector<double> touched_;           ///< by buffer, when
  double total_ = 0;                      ///< bytes that a run of the model touches
  double clock_ = 0;                      ///< bytes touched before this step
  double here_ = 0;                       ///< and by it
  std::optional<std::size_t> axis_ = {};
  Run run_ = {};
  std::vector<Run> runs_ = {};
};

Count grown(Count work, double factor) {
  const auto more = static_cast<std::int64_t>(std::llround(work.as_double() * factor));
  return std::max(work, Count(more));
}

/// The work of a step whose rows are computed `factor` times in all, in so many tiles.
void grow_work(Step& step, double factor, double tiles) {
  ops::Work& work = step.work;
  work.macs = grown(work.macs, factor);
  work.arithmetic = grown(work.arithmetic, factor);
  work.transcendentals = grown(work.transcendentals, factor);
  step.kernel.work *= factor;
  step.kernel.results *= factor;
  if (!work.contraction) return;
  auto tiled = std::make_shared<ops::Contraction>(*work.contraction);
  const double rows = std::ceil(static_cast<double>(tiled->m) * factor / tiles);
  // The last extent of these kinds is the rows of the product: kernels are called with a tile's.
  const std::string_view kind = step.kernel.kind;
  const bool by_rows = kind == "gemm" || kind == "gemm.aliased" || kind == "conv.pointwise" ||
                       (kind.starts_with("im2col.") && !kind.ends_with("depthwise"));
  if (by_rows) step.kernel.extents[2] = std::max(1.0, step.kernel.extents[2] * factor / tiles);
  tiled->batch *= static_cast<std::int64_t>(tiles);
  tiled->m = static_cast<std::int64_t>(rows);
  tiled->valid_macs = grown(tiled->valid_macs, factor);
  work.contraction = std::move(tiled);
}

/// Writes a segment into the plan.
class Tiler {
 public:
  Tiler(const PlanChange& change, const Run& run, const TileSegment& segment)
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
  const Run& run_;
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
    runs_ = RunBuilder(change, machine, selection).build(why_);
  }

  void apply() {
    for (const Run& run : runs_) apply(run);
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
  void apply(const Run& run) {
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
  std::vector<Run> runs_;
  double extra_flops_ = 0;
};

void apply(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  const infer::Selection selection(change.draft.graph, scenario);
  const MemoryLevel* level = find_level(change.profile, scenario, outcome);
  if (level == nullptr) return;
  const TileMachine machine = tile_machine(change, scenario, *level);
  TileScenario(change, machine, selection, outcome).apply();
}

}  // namespace

const PlanScenario kTile{
    {"tile", "run chains of layers tile by tile, so that a cache holds what they hand on",
     kArguments},
    apply};

}  // namespace roofline::plan
