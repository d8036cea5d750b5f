#pragma once
#include <string>

#include "roofline/base/scenario.hpp"
#include "roofline/report/advice.hpp"
#include "roofline/report/report.hpp"

// What the analyses with and without a scenario tell, in words and figures.
namespace roofline::advise {

/// Seconds by what they are spent on, of a run of `items` times as many items, for those of one.
[[nodiscard]] report::TimeParts parts(const report::Result& result, double items);

/// Of the scenario that was added last: those of the model stand before those of the plan.
[[nodiscard]] const report::ScenarioRow& last_scenario(const report::Report& changed);

/// What a scenario does; of its kind.
[[nodiscard]] std::string summary_of(const Scenario& scenario);

/// Figures and reasons of the last scenario of `changed`; its name and summary are left empty.
[[nodiscard]] report::Advice describe(const report::Report& base, const report::Report& changed);

/// Why the last scenario of `changed` saves nothing.
[[nodiscard]] std::string why_pointless(const report::Report& base, const report::Report& changed);

}  // namespace roofline::advise
