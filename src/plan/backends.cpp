// Before: one machine runs every step. After: each step runs on the first device of a list that
// supports it; steps of a device are gathered into the fewest subgraphs that wait for each other in
// no circle, and tensors that change devices go over the link between them, once for each device.
// Conditions: the machine analysed is on the list; a step is supported when all of its nodes are,
// within the limits of the list. Islands below a device's least size go to the next device that
// supports them. Steps keep the model's order; devices take turns.
// It does not model: devices that work at the same time, other kernels or fusion on another device,
// which way inputs and outputs of the model come and go.
#include "roofline/hardware/backends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "backend_support.hpp"
#include "partition.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/infer/selection.hpp"
#include "scenario.hpp"
#include "step_builder.hpp"

namespace roofline::plan {
namespace {

using hardware::Backend;
using hardware::Backends;
using hardware::Profile;

constexpr std::array kBackendsArguments = {
    ScenarioArgument{"", "NAME|FILE", "devices in order of preference, and their links", false,
                     true},
};

constexpr int kRounds = 16;  ///< of moving islands that are too small

/// Decides where steps run, and rewrites the plan accordingly.
class Placer {
 public:
  Placer(PlanChange& change, const Scenario& scenario, const Backends& backends, Outcome& outcome)
      : change_(change), plan_(change.plan), backends_(backends), outcome_(outcome) {
    add_devices(scenario);
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      if (plan_.steps[s].kind != StepKind::kHost) runs_.push_back(s);
    }
    choice_.resize(runs_.size());
    why_.resize(runs_.size());
  }

  void apply() {
    warn_of_operators(backends_, outcome_);
    prefer();
    connect();
    gather();
    report();
    assign();
    move_tensors();
    warn();
  }

 private:
  // --- devices

  void add_devices(const Scenario& scenario) {
    bool has_machine = false;
    for (const Backend& backend : backends_.devices) {
      BackendDevice device = {.backend = &backend};
      const bool machine =
          backend.hardware == hardware::kThisMachine || backend.hardware == change_.profile.id;
      if (machine && has_machine) {
        fail_scenario(scenario, fmt::format("lists {} twice", change_.profile.id));
      }
      has_machine = has_machine || machine;
      if (machine) {
        device.profile = &change_.profile;
      } else {
        plan_.devices.push_back(std::make_shared<const Profile>(hardware::find(backend.hardware)));
        device.profile = plan_.devices.back().get();
        device.index = static_cast<int>(plan_.devices.size());
      }
      devices_.push_back(device);
      rules_.push_back(rules_of(device));
    }
    if (has_machine) return;
    std::vector<std::string> ids;
    for (const Backend& backend : backends_.devices) ids.push_back(backend.hardware);
    fail_scenario(scenario,
                  fmt::format("is a list without {}, the machine analysed", change_.profile.id),
                  "--hardware takes one of " + join(ids, ", "));
  }

  /// Precisions of another device: its own where it lacks the one asked for.
  PrecisionRules rules_of(const BackendDevice& device) {
    if (device.index == 0) return change_.precision;
    PlanOptions options = {.runtime = plan_.runtime,
                           .precision = hardware::precision_from_name(plan_.precision),
                           .precision_may_differ = true};
    std::vector<Diagnostic> notes;
    options = possible(device.profile, options, notes);
    PrecisionRules rules(device.profile, options, notes);
    for (const Diagnostic& note : notes) outcome_.warnings.push_back(note.message);
    // Accelerators have no other way to run a contraction.
    if (device.profile->kind == "npu" || change_.precision.pads_channels()) rules.pad_channels();
    return rules;
  }

  // --- placement

  [[nodiscard]] Step& step(std::size_t run) { return plan_.steps[runs_[run]]; }
  [[nodiscard]] const BackendDevice& device(std::size_t run) const {
    return devices_[choice_[run]];
  }

  /// The first device from `from` on that runs the step; notes why others do not.
  std::size_t first_device(std::size_t run, std::size_t from) {
    for (std::size_t d = from; d < devices_.size(); ++d) {
      std::string why = lacks(change_.draft, devices_[d], step(run));
      if (why.empty()) return d;
      why_[run] = std::move(why);
    }
    return devices_.size() - 1;
  }

  void prefer() {
    for (std::size_t run = 0; run < runs_.size(); ++run) choice_[run] = first_device(run, 0);
  }

  /// Steps wait for those that write what they read. What a runtime inserted runs where its operand
  /// was made.
  void connect() {
    graph_.resize(runs_.size());
    std::vector<std::vector<std::size_t>> writers(plan_.buffers.size());
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      std::vector<std::size_t>& after = graph_[run].after;
      for (const BufferAccess& access : step(run).accesses) {
        const auto& before = writers[static_cast<std::size_t>(access.buffer)];
        if (!access.is_write) after.insert(after.end(), before.begin(), before.end());
      }
      std::sort(after.begin(), after.end());
      after.erase(std::unique(after.begin(), after.end()), after.end());
      if (step(run).nodes.empty() && !after.empty()) choice_[run] = choice_[after.back()];
      for (const BufferAccess& access : step(run).accesses) {
        if (access.is_write) writers[static_cast<std::size_t>(access.buffer)].push_back(run);
      }
    }
  }

  /// Moving one island may leave others smaller: a few rounds settle nearly all of them.
  void gather() {
    bool moved = true;
    for (int round = 0; moved && round < kRounds; ++round) {
      moved = false;
      for (std::size_t run = 0; run < runs_.size(); ++run) {
        graph_[run].device = static_cast<int>(choice_[run]);
      }
      subgraph_ = partition(graph_);
      if (round + 1 == kRounds) break;
      const std::vector<std::size_t> island = islands(graph_, subgraph_);
      std::vector<int> size(runs_.size());
      for (const std::size_t root : island) ++size[root];
      for (std::size_t run = 0; run < runs_.size(); ++run) {
        const int least = device(run).backend->least_steps;
        const int steps = size[island[run]];
        if (steps >= least) continue;
        std::string why =
            fmt::format("{} steps are too few for {}", steps, device(run).profile->id);
        choice_[run] = first_device(run, choice_[run] + 1);
        why_[run] = std::move(why);
        moved = true;
      }
    }
  }

  void report() {
    std::map<std::size_t, std::vector<std::size_t>> members;
    for (std::size_t run = 0; run < runs_.size(); ++run) members[subgraph_[run]].push_back(run);
    for (const auto& [number, steps] : members) {
      const auto named = std::find_if(steps.begin(), steps.end(),
                                      [&](std::size_t run) { return !step(run).nodes.empty(); });
      if (named == steps.end()) continue;
      outcome_.changed.push_back(
          infer::finding(change_.draft.graph, step(*named).nodes.front(),
                         fmt::format("subgraph {}: {} layers on {}", number + 1, steps.size(),
                                     device(*named).profile->id)));
    }
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      if (why_[run].empty() || step(run).nodes.empty()) continue;
      outcome_.refused.push_back(
          infer::finding(change_.draft.graph, step(run).nodes.front(),
                         fmt::format("runs on {}: {}", device(run).profile->id, why_[run])));
    }
  }

  // --- the plan

  void assign() {
    const std::size_t count = plan_.buffers.size();
    std::vector<int> owner(count, kNobody);  // the only device that touches it, but for its readers
    std::vector<int> reader(count, kNobody);
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const auto here = static_cast<int>(choice_[run]);
      for (const BufferAccess& access : step(run).accesses) {
        int& known = (access.is_write ? owner : reader)[static_cast<std::size_t>(access.buffer)];
        known = known == kNobody || known == here ? here : kSeveral;
      }
    }
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      if (device(run).index != 0) assign(run);
    }
    for (std::size_t b = 0; b < count; ++b) {
      const int only = owner[b] == kNobody ? reader[b] : owner[b];
      if (only < 0 || devices_[static_cast<std::size_t>(only)].index == 0) continue;
      Buffer& buffer = plan_.buffers[b];
      const ir::DType dtype = dtype_on(buffer, static_cast<std::size_t>(only));
      if (buffer.bytes) buffer.bytes = resized(*buffer.bytes, buffer.dtype, dtype);
      buffer.dtype = dtype;
    }
  }

  void assign(std::size_t run) {
    Step& moved = step(run);
    const std::size_t choice = choice_[run];
    moved.device = devices_[choice].index;
    moved.launch_limit_s.reset();
    moved.unit = -1;
    moved.precision.reset();
    moved.converts = false;
    if (!why_[run].empty()) moved.reasons.push_back(why_[run]);
    if (!moved.nodes.empty()) {
      rules_[choice].assign_unit(compute_dtype(change_.draft, moved.nodes.front()), moved);
    }
    for (BufferAccess& access : moved.accesses) {
      const Buffer& buffer = plan_.buffers[static_cast<std::size_t>(access.buffer)];
      access.bytes = resized(access.bytes, buffer.dtype, dtype_on(buffer, choice));
    }
  }

  /// How a device stores what a buffer holds.
  [[nodiscard]] ir::DType dtype_on(const Buffer& buffer, std::size_t choice) const {
    if (buffer.tensor == ir::kNoTensor) return buffer.dtype;
    return rules_[choice].storage(change_.draft.type(buffer.tensor).dtype);
  }
  static Count resized(Count bytes, ir::DType from, ir::DType to) {
    if (ir::bits(from) <= 0 || ir::bits(from) == ir::bits(to)) return bytes;
    return Count((bytes.value() * ir::bits(to) + ir::bits(from) - 1) / ir::bits(from));
  }

  /// What lies where of a buffer.
  struct Whereabouts {
    std::map<std::size_t, Count> written = {};                        ///< by device, so far
    std::map<std::pair<std::size_t, std::size_t>, Count> moved = {};  ///< from, to
    std::map<std::size_t, BufferId> copies = {};                      ///< by device
  };

  void move_tensors() {
    places_.resize(plan_.buffers.size());
    std::vector<Step> before = std::move(plan_.steps);
    plan_.steps.clear();
    std::size_t run = 0;
    for (Step& step : before) {
      if (step.kind != StepKind::kHost) fetch_operands(step, choice_[run++]);
      plan_.steps.push_back(std::move(step));
    }
  }

  void fetch_operands(Step& step, std::size_t here) {
    const std::size_t model_buffers = places_.size();
    for (BufferAccess& access : step.accesses) {
      const auto b = static_cast<std::size_t>(access.buffer);
      if (access.is_write || b >= model_buffers) continue;
      Whereabouts& places = places_[b];
      for (const auto& [from, bytes] : places.written) {
        if (from != here) fetch(b, from, here, bytes, step);
      }
      const auto copy = places.copies.find(here);
      if (copy != places.copies.end()) access.buffer = copy->second;
    }
    for (const BufferAccess& access : step.accesses) {
      if (access.is_write)
        places_[static_cast<std::size_t>(access.buffer)].written[here] += access.bytes;
    }
  }

  /// Moves what `from` has written of a buffer since it was moved last.
  void fetch(std::size_t b, std::size_t from, std::size_t here, Count written, const Step& reader) {
    Whereabouts& places = places_[b];
    Count& moved = places.moved[{from, here}];
    if (written <= moved) return;
    const Count bytes = written - moved;
    moved = written;
    const Buffer source = plan_.buffers[b];
    BufferId target = static_cast<BufferId>(b);
    if (!places.written.contains(here)) {
      const auto [copy, is_new] =
          places.copies.try_emplace(here, static_cast<BufferId>(plan_.buffers.size()));
      target = copy->second;
      if (is_new) {
        Buffer made = {.tensor = source.tensor, .dtype = dtype_on(source, here)};
        if (source.bytes) made.bytes = resized(*source.bytes, source.dtype, made.dtype);
        plan_.buffers.push_back(made);
      }
    }
    const hardware::Link& link =
        backends_.link(devices_[from].backend->hardware, devices_[here].backend->hardware);
    const Count arrives =
        resized(bytes, source.dtype, plan_.buffers[static_cast<std::size_t>(target)].dtype);
    Step step;
    step.kind = StepKind::kTransfer;
    step.cls = ops::OpClass::kMovement;
    step.device = devices_[here].index;
    step.kernel.op = "Transfer";
    step.kernel.kind = "transfer";
    step.repeat = reader.repeat;
    step.way = Way{link.bytes_per_s.value, link.latency_s.value};
    step.accesses = {{static_cast<BufferId>(b), false, bytes}, {target, true, arrives}};
    step.reasons.push_back(
        fmt::format("from {} to {}", devices_[from].profile->id, devices_[here].profile->id));
    const auto& shape = change_.draft.type(source.tensor).shape;
    step.results.push_back(shape.value_or(ir::Shape{}));
    ++transfers_;
    const double times = reader.repeat.value_or(1).as_double();
    moved_bytes_ += times * bytes.as_double();
    transfer_s_ += times * (bytes.as_double() / step.way->bytes_per_s + step.way->latency_s);
    plan_.steps.push_back(std::move(step));
  }

  void warn() {
    if (transfers_ > 0) {
      outcome_.warnings.push_back(fmt::format("{} transfers move {} in {}", transfers_,
                                              format_quantity(moved_bytes_, Unit::kByte),
                                              format_quantity(transfer_s_, Unit::kSecond)));
    }
    std::set<std::size_t> used(choice_.begin(), choice_.end());
    if (used.size() > 1)
      outcome_.warnings.emplace_back("devices take turns: none works beside another");
    for (const std::size_t d : used) {
      if (hardware::find_calibration(*devices_[d].profile, plan_.runtime, 0) != nullptr) continue;
      outcome_.warnings.push_back(
          fmt::format("{} has no calibration for {}: its times are those of its data sheet",
                      devices_[d].profile->id, plan_.runtime));
    }
  }

  static constexpr int kNobody = -1;
  static constexpr int kSeveral = -2;

  PlanChange& change_;
  Plan& plan_;
  const Backends& backends_;
  Outcome& outcome_;
  std::vector<BackendDevice> devices_ = {};
  std::vector<PrecisionRules> rules_ = {};  ///< parallel to devices_
  std::vector<std::size_t> runs_ = {};      ///< steps that run on a device
  // Parallel to runs_:
  std::vector<std::size_t> choice_ = {};  ///< index into devices_
  std::vector<std::string> why_ = {};     ///< why not on one listed before; empty: on the first
  std::vector<PlacedStep> graph_ = {};
  std::vector<std::size_t> subgraph_ = {};
  std::vector<Whereabouts> places_ = {};  ///< by buffer of the model
  int transfers_ = 0;
  double moved_bytes_ = 0;
  double transfer_s_ = 0;
};

void apply_backends(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  const auto& steps = change.plan.steps;
  if (std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.starts > 1; })) {
    fail_scenario(scenario, "does not go with tiles: their layers stay together on one device");
  }
  const Backends backends = hardware::find_backends(*scenario.one(""));
  Placer(change, scenario, backends, outcome).apply();
}

}  // namespace

const PlanScenario kBackends{
    {"backends", "give each layer to the first of several devices that supports it",
     kBackendsArguments},
    apply_backends};

}  // namespace roofline::plan
