#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "roofline/estimate/estimate.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/infer/infer.hpp"
#include "roofline/plan/plan.hpp"
#include "roofline/report/report.hpp"

namespace roofline {

/// One question: this model, these sizes, on these machines.
struct Request {
  infer::Bindings bindings = {};
  std::vector<const hardware::Profile*> hardware = {};
  plan::PlanOptions plan = {};
  estimate::EstimateOptions estimate = {};
  bool tensors = false;  ///< list every tensor's type in the report
  bool explain = false;  ///< list every operand's bytes, for render_explanation
};

/// Prices a loaded model. Throws Error when it cannot go on; findings are in Report::diagnostics.
[[nodiscard]] report::Report analyze(const ir::Model& model, const Request& request);
/// Loads the file first.
[[nodiscard]] report::Report analyze(const std::string& path, const Request& request);

}  // namespace roofline
