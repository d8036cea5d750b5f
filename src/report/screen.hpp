#pragma once
#include <string>
#include <vector>

#include "format.hpp"
#include "names.hpp"
#include "roofline/report/render.hpp"
#include "sheet.hpp"

namespace roofline::report {

/// What every part of a report of one model needs: where to write, and from what.
struct Screen : Sheet {
  Screen(const Report& r, const TextOptions& o) : Sheet{o}, report(r), names(r) {}
  const Report& report;
  Names names;
};

void append_summary(Screen& screen);                        ///< without machines
void append_summary(Screen& screen, const Result& result);  ///< on one machine
/// `result` is nullptr without machines.
void append_layers(Screen& screen, const Result* result);
/// What each scenario did; nothing without scenarios.
void append_scenarios(Screen& screen, const std::vector<ScenarioRow>& scenarios);
/// "1.5x as fast", of times before and after.
[[nodiscard]] std::string ratio_text(double before, double after);
/// Notes and warnings of one node, and of none.
void append_notes(Screen& screen, const std::string& node_id);
/// "batch=1, sequence=128": every symbol and its size; "" without symbols.
[[nodiscard]] std::string dims_text(const ModelInfo& model);
/// "as-is (fp32)": what was asked for and, if they agree, what the layers compute in.
[[nodiscard]] std::string precision_text(const Result& result);
/// "data-sheet roof"
[[nodiscard]] std::string roof_text(const Result& result);

}  // namespace roofline::report
