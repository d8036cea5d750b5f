// Owns which steps of a plan can go by rows in a row, and what of their traffic caches hold without
// tiles: an estimate from the nearest distances that there can be. Refuses to choose tiles.
#include "tile_runs.hpp"

#include <algorithm>

namespace roofline::plan {
namespace {

/// Bytes that the plan touches in a run, or occupies at a time where that is less: weights, and
/// what lives between its first and its last touch.
double farthest(const Plan& plan) {
  std::vector<bool> seen(plan.buffers.size());
  std::vector<std::size_t> last(plan.buffers.size());
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    for (const BufferAccess& a : plan.steps[s].accesses)
      last[static_cast<std::size_t>(a.buffer)] = s;
  }
  double total = 0;
  double weights = 0;
  double live = 0;
  double most = 0;
  std::vector<double> dies(plan.steps.size() + 1, 0);
  for (const Buffer& buffer : plan.buffers) {
    if (buffer.is_input) live += buffer.bytes.value_or(0).as_double();
  }
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    for (const BufferAccess& access : plan.steps[s].accesses) {
      const auto b = static_cast<std::size_t>(access.buffer);
      const Buffer& buffer = plan.buffers[b];
      total += access.bytes.as_double();
      if (seen[b]) continue;
      seen[b] = true;
      const double bytes = buffer.bytes.value_or(0).as_double();
      if (buffer.is_weight) {
        weights += bytes;
      } else {
        if (!buffer.is_input) live += bytes;
        dies[buffer.is_output ? plan.steps.size() : last[b]] += bytes;
      }
    }
    most = std::max(most, live);
    live -= dies[s];
  }
  return std::min(total, most + weights);
}

class RunBuilder {
 public:
  RunBuilder(const PlanChange& change, const TileMachine& machine,
             const infer::Selection& selection)
      : change_(change),
        machine_(machine),
        selection_(selection),
        last_reader_(change.plan.buffers.size(), kNobody),
        touched_(change.plan.buffers.size(), kNever),
        farthest_(farthest(change.plan)) {
    for (std::size_t s = 0; s < change.plan.steps.size(); ++s) {
      for (const BufferAccess& access : change.plan.steps[s].accesses) {
        if (!access.is_write) last_reader_[index(access)] = s;
      }
    }
  }

  /// `why`: for each step that is in no run, the reason.
  std::vector<TileRun> build(std::vector<std::string>& why) {
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
    const bool reuses = access.is_write && !change_.plan.buffers[index(access)].is_output;
    const double passed = reuses || since == kNever ? farthest_ : clock_ - since + here_;
    const double distance = reuses ? here_ : std::max(here_, std::min(passed, farthest_));
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
                       .flops = executed_flops(step)};
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
  double farthest_ = 0;  ///< bytes from one run of the model to the same place in the next
  double clock_ = 0;     ///< bytes touched before this step
  double here_ = 0;      ///< and by it
  std::optional<std::size_t> axis_ = {};
  TileRun run_ = {};
  std::vector<TileRun> runs_ = {};
};

}  // namespace

std::vector<TileRun> tile_runs(const PlanChange& change, const TileMachine& machine,
                               const infer::Selection& selection, std::vector<std::string>& why) {
  return RunBuilder(change, machine, selection).build(why);
}

}  // namespace roofline::plan
