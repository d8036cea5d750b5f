// Owns the building of a plan: passes decide about nodes, then steps and buffers are laid out.
// Refuses to know how long anything takes.
#include "roofline/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "build.hpp"
#include "kernel_rules.hpp"
#include "onnxruntime.hpp"
#include "roofline/base/text.hpp"
#include "scenario.hpp"

namespace roofline::plan {
namespace {

struct Runtime {
  std::string_view name;
  const KernelRules& rules;
  std::optional<OrtLevel> level = {};  ///< of ONNX Runtime, whose passes come before the rules
};
constexpr std::array kRuntimes = {
    Runtime{"none", kAsWritten},
    Runtime{"basic", kBasicRules},
    Runtime{"onnxruntime", kOwnPasses, OrtLevel::kAll},
    Runtime{"onnxruntime:off", kOwnPasses, OrtLevel::kOff},
    Runtime{"onnxruntime:basic", kOwnPasses, OrtLevel::kBasic},
    Runtime{"onnxruntime:extended", kOwnPasses, OrtLevel::kExtended},
    Runtime{"onnxruntime:all", kOwnPasses, OrtLevel::kAll},
    Runtime{"tensorrt", kTensorRt},
    // The same kernels, called by hosts that add time of their own to each run.
    Runtime{"tensorrt:mlperf", kTensorRt},
    Runtime{"tensorrt:paddle", kTensorRt},
    Runtime{"tensorrt:torch2trt", kTensorRt},
    Runtime{"ncnn", kNcnn},
    Runtime{"pytorch", kPyTorch},
    Runtime{"pytorch:channels_last", kPyTorch},
    Runtime{"pytorch:compile", kPyTorchCompile},
};

Error unknown_runtime(const std::string& name) {
  std::string hint = did_you_mean_hint(name, runtime_names());
  if (hint.empty()) hint = "runtimes: " + join(runtime_names(), ", ");
  return {ExitCode::kUsage,
          {.severity = Severity::kError,
           .code = "unknown-runtime",
           .message = fmt::format("'{}' is no runtime", name),
           .hint = hint}};
}

/// Vectors of 512 bits hold blocks of 16 channels, those of other x86 machines 8; machines of 128
/// bits (NEON) have kernels for the plain layout only. Without a machine, the widest is taken.
int block_of(const hardware::Profile* profile) {
  if (profile == nullptr) return 16;
  const double bits = profile->vector_bits ? profile->vector_bits->value : 256;
  if (bits >= 512) return 16;
  return bits > 128 ? 8 : 1;
}

/// The rules for a model that computes in `precision` as a whole.
KernelRules rules_in(KernelRules rules, const std::optional<hardware::Precision>& precision) {
  if (precision && is_narrow(*precision)) {
    rules.epilogue = std::max(rules.epilogue, rules.narrow_epilogue);
  }
  return rules;
}

/// Makes a plan, and again under each scenario that changes the rules it is made by.
class Planner {
 public:
  Planner(const infer::TypedGraph& graph, const hardware::Profile* profile, const Runtime& runtime,
          const PlanOptions& asked)
      : graph_(graph),
        profile_(profile),
        runtime_(runtime),
        options_(possible(profile, asked, diagnostics_)),
        precision_(profile, options_, diagnostics_),
        rules_(rules_in(runtime.rules, options_.precision)),
        made_(std::make_unique<Made>(graph)) {
    if (runtime.rules.pads_channels) precision_.pad_channels();
  }

  Plan make() {
    build(*made_);
    std::vector<Outcome> outcomes(options_.scenarios.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) change_rules(i, outcomes[i]);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const PlanScenario& scenario = find_scenario(options_.scenarios[i]);
      if (scenario.apply == nullptr) continue;
      if (!made_->plan.devices.empty()) {
        fail_scenario(options_.scenarios[i], "comes behind one that spreads the plan over devices",
                      "ask for that one last");
      }
      PlanChange change{.draft = made_->draft,
                        .profile = *profile_,
                        .precision = precision_,
                        .block = block(),
                        .plan = made_->plan};
      scenario.apply(change, options_.scenarios[i], outcomes[i]);
    }
    made_->plan.diagnostics = std::move(diagnostics_);
    made_->plan.outcomes = std::move(outcomes);
    return std::move(made_->plan);
  }

 private:
  struct Made {
    explicit Made(const infer::TypedGraph& graph) : draft(graph) {}
    Draft draft;
    Plan plan = {};
  };

  [[nodiscard]] int block() const {
    return runtime_.rules.block > 0 ? runtime_.rules.block : block_of(profile_);
  }

  void build(Made& made) const {
    made.plan.runtime = full_runtime_name(options_.runtime);
    made.plan.precision =
        options_.precision ? hardware::precision_name(*options_.precision) : "as-is";
    mark_views(made.draft);
    Rewrite graph(made.draft);
    if (runtime_.level) rewrite_as_onnxruntime(graph, *runtime_.level, block(), own_);
    rewrite_by_rules(graph, rules_);
    explain_unfused(graph, rules_);
    const Blocks blocks = {.channels = block(), .at_once = runtime_.level ? ort::kBlocksAtOnce : 0};
    build_launches(graph, precision_, blocks, made.plan);
    finish_by_rules(made.draft, rules_.common(), made.plan);
  }

  void change_rules(std::size_t i, Outcome& outcome) {
    const Scenario& asked = options_.scenarios[i];
    const PlanScenario& scenario = find_scenario(asked);
    if (scenario.change_rules == nullptr) return;
    RuleChange change{.graph = graph_, .runtime = runtime_.name, .rules = rules_, .own = own_};
    scenario.change_rules(change, asked, outcome);
    auto changed = std::make_unique<Made>(graph_);
    build(*changed);
    compare_kernels(made_->draft, made_->plan, changed->draft, changed->plan, outcome);
    for (std::size_t n = 0; change.wanted && n < changed->draft.apart.size(); ++n) {
      const Apart& apart = changed->draft.apart[n];
      if (apart.why.empty() || !change.wanted(static_cast<ir::NodeId>(n), apart.kind)) continue;
      outcome.refused.push_back(infer::finding(graph_, static_cast<ir::NodeId>(n), apart.why));
    }
    made_ = std::move(changed);
  }

  const infer::TypedGraph& graph_;
  const hardware::Profile* profile_;
  const Runtime& runtime_;
  std::vector<Diagnostic> diagnostics_ = {};
  PlanOptions options_;
  PrecisionRules precision_;
  NodeRules rules_;
  FusingChange own_ = {};
  std::unique_ptr<Made> made_;
};

}  // namespace

std::string_view step_kind_name(StepKind kind) {
  switch (kind) {
    case StepKind::kOp:
      return "op";
    case StepKind::kFused:
      return "fused";
    case StepKind::kHost:
      return "host";
    case StepKind::kReorder:
      return "reorder";
    case StepKind::kConvert:
      return "convert";
    case StepKind::kTransfer:
      return "transfer";
  }
  return "op";
}

double executed_flops(const Step& step) {
  const double flops = step.work.flops().as_double();
  const ops::Contraction* c = step.work.contraction.get();
  if (c == nullptr) return flops;
  const double direct = 2 * step.work.macs.as_double();
  const double valid = 2 * std::min(c->valid_macs, step.work.macs).as_double();
  return flops - direct + (step.algorithm ? step.algorithm->flops : valid);
}

const hardware::Profile& device_of(const Plan& plan, const Step& step,
                                   const hardware::Profile& machine) {
  return step.device == 0 ? machine : *plan.devices[static_cast<std::size_t>(step.device) - 1];
}

std::vector<std::string> runtime_names() {
  std::vector<std::string> names;
  for (const Runtime& runtime : kRuntimes) names.emplace_back(runtime.name);
  return names;
}

std::string full_runtime_name(const std::string& name) {
  return name == "onnxruntime" ? "onnxruntime:all" : name;
}

std::vector<std::string> precision_names() {
  std::vector<std::string> names = {"as-is"};
  for (int i = 0; i < hardware::kPrecisions; ++i) {
    names.emplace_back(hardware::precision_name(static_cast<hardware::Precision>(i)));
  }
  return names;
}

Plan make_plan(const infer::TypedGraph& graph, const hardware::Profile* profile,
               const PlanOptions& asked) {
  const auto* runtime = std::find_if(kRuntimes.begin(), kRuntimes.end(),
                                     [&](const Runtime& r) { return r.name == asked.runtime; });
  if (runtime == kRuntimes.end()) throw unknown_runtime(asked.runtime);
  return Planner(graph, profile, *runtime, asked).make();
}

}  // namespace roofline::plan
