// Owns the building of a plan: passes decide about nodes, then steps and buffers are laid out.
// Refuses to know how long anything takes.
#include "roofline/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "build.hpp"
#include "kernel_rules.hpp"
#include "onnxruntime.hpp"
#include "roofline/base/text.hpp"
#include "scenario.hpp"

namespace roofline::plan {
namespace {

/// Of the machine, what a plan is made for.
struct Target {
  const PrecisionRules& precision;
  int block;  ///< channels of a vector in the blocked layout; 1 where there is none
};

void build_as_written(Draft& draft, const Target& target, Plan& plan) {
  build_chains(draft, target.precision, target.block, plan);
}

void build_basic(Draft& draft, const Target& target, Plan& plan) {
  keep_quantized(draft);
  fold_constants(draft);
  absorb_padding(draft);
  fuse_epilogues(draft);
  build_chains(draft, target.precision, target.block, plan);
}

template <OrtLevel kLevel>
void build_onnxruntime(Draft& draft, const Target& target, Plan& plan) {
  Rewrite graph(draft);
  rewrite_as_onnxruntime(graph, kLevel, target.block);
  build_launches(graph, target.precision, target.block, plan);
}

template <const KernelRules& kRules>
void build_by_rules(Draft& draft, const Target& target, Plan& plan) {
  Rewrite graph(draft);
  rewrite_by_rules(graph, kRules);
  PrecisionRules precision = target.precision;
  if (kRules.pads_channels) precision.pad_channels();
  build_launches(graph, precision, kRules.block, plan);
  finish_by_rules(draft, kRules, plan);
}

struct Runtime {
  std::string_view name;
  void (*build)(Draft&, const Target&, Plan&);
};
constexpr std::array kRuntimes = {
    Runtime{"none", build_as_written},
    Runtime{"basic", build_basic},
    Runtime{"onnxruntime", build_onnxruntime<OrtLevel::kAll>},
    Runtime{"onnxruntime:off", build_onnxruntime<OrtLevel::kOff>},
    Runtime{"onnxruntime:basic", build_onnxruntime<OrtLevel::kBasic>},
    Runtime{"onnxruntime:extended", build_onnxruntime<OrtLevel::kExtended>},
    Runtime{"onnxruntime:all", build_onnxruntime<OrtLevel::kAll>},
    Runtime{"tensorrt", build_by_rules<kTensorRt>},
    // The same kernels, called by hosts that add time of their own to each run.
    Runtime{"tensorrt:mlperf", build_by_rules<kTensorRt>},
    Runtime{"tensorrt:paddle", build_by_rules<kTensorRt>},
    Runtime{"tensorrt:torch2trt", build_by_rules<kTensorRt>},
    Runtime{"ncnn", build_by_rules<kNcnn>},
    Runtime{"pytorch", build_by_rules<kPyTorch>},
    Runtime{"pytorch:channels_last", build_by_rules<kPyTorch>},
    Runtime{"pytorch:compile", build_by_rules<kPyTorchCompile>},
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
  const bool transforms = step.kernel.kind == "conv.winograd";
  return flops - direct + (transforms ? std::min(step.kernel.work, valid) : valid);
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
  for (int i = 0; i <= static_cast<int>(hardware::Precision::kInt4); ++i) {
    names.emplace_back(hardware::precision_name(static_cast<hardware::Precision>(i)));
  }
  return names;
}

Plan make_plan(const infer::TypedGraph& graph, const hardware::Profile* profile,
               const PlanOptions& asked) {
  const auto* runtime = std::find_if(kRuntimes.begin(), kRuntimes.end(),
                                     [&](const Runtime& r) { return r.name == asked.runtime; });
  if (runtime == kRuntimes.end()) throw unknown_runtime(asked.runtime);
  Plan plan;
  const PlanOptions options = possible(profile, asked, plan.diagnostics);
  plan.runtime = full_runtime_name(options.runtime);
  plan.precision = options.precision ? hardware::precision_name(*options.precision) : "as-is";
  Draft draft(graph);
  mark_views(draft);
  const PrecisionRules precision(profile, options, plan.diagnostics);
  const int block = block_of(profile);
  runtime->build(draft, {.precision = precision, .block = block}, plan);
  if (!options.scenarios.empty()) {
    apply_scenarios(
        {.draft = draft, .profile = *profile, .precision = precision, .block = block, .plan = plan},
        options.scenarios);
  }
  return plan;
}

}  // namespace roofline::plan
