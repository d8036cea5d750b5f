#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "roofline/base/scenario.hpp"
#include "roofline/estimate/estimate.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/infer/infer.hpp"
#include "roofline/plan/plan.hpp"
#include "roofline/report/report.hpp"
#include "roofline/report/run.hpp"

namespace roofline {

/// One question: this model, these sizes, on these machines.
struct Request {
  infer::Bindings bindings = {};
  std::vector<const hardware::Profile*> hardware = {};
  plan::PlanOptions plan = {};
  estimate::EstimateOptions estimate = {};
  /// What-ifs, of scenario_kinds(). Those that change the model come first, then those that change
  /// how it is run, each in the order given; the report compares all of them with none.
  std::vector<Scenario> scenarios = {};
  bool tensors = false;  ///< list every tensor's type in the report
  bool explain = false;  ///< list every operand's bytes, for render_explanation
};

/// What a file asks, on a machine or on none (nullptr).
[[nodiscard]] Request to_request(const report::Run& run, const hardware::Profile* profile);

/// Every kind of scenario that Request::scenarios may name, sorted by name.
[[nodiscard]] std::vector<ScenarioKind> scenario_kinds();
/// Throws Error (kUsage) for a scenario of no kind, or with arguments that its kind does not take.
void check(const Scenario& scenario);
/// The scenarios that a YAML file lists, checked: `scenarios: [winograd, "prune:0.5,class=conv"]`.
/// Throws Error with file:line:column.
[[nodiscard]] std::vector<Scenario> read_scenarios(const std::string& path);
/// True for a scenario that changes how a machine runs the model, not the model itself.
[[nodiscard]] bool needs_machine(const Scenario& scenario);

/// Prices a loaded model. Throws Error when it cannot go on; findings are in Report::diagnostics.
[[nodiscard]] report::Report analyze(const ir::Model& model, const Request& request);
/// A model as it is and beside scenarios: what these have in common is computed once.
class WhatIf {
 public:
  /// The request's own scenarios are part of the model as it is. Keeps a pointer to `model`. Throws
  /// Error when the model cannot be priced.
  WhatIf(const ir::Model& model, Request request);
  ~WhatIf() = default;
  WhatIf(const WhatIf&) = delete;
  WhatIf& operator=(const WhatIf&) = delete;
  WhatIf(WhatIf&&) = delete;
  WhatIf& operator=(WhatIf&&) = delete;

  [[nodiscard]] const report::Report& base() const { return base_; }
  /// Compared with the base. Throws Error for scenarios that cannot be applied.
  [[nodiscard]] report::Report with(const std::vector<Scenario>& scenarios) const;

 private:
  Request request_;
  std::optional<ir::Model> changed_ = {};  ///< by the request's own scenarios
  infer::TypedGraph graph_;
  report::Report base_;
};

/// Loads the file first.
[[nodiscard]] report::Report analyze(const std::string& path, const Request& request);

}  // namespace roofline
