#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "roofline/report/budget.hpp"

namespace roofline::report {

// How a verdict reads, whatever the format. Printable.

/// "rpi4b, ncnn, fp32, batch=8, class conv": what the figure is of; "" for the model as it is.
[[nodiscard]] std::string where_text(const Verdict& verdict);
/// "latency on rpi4b, ncnn": the budget's name.
[[nodiscard]] std::string budget_name(const Verdict& verdict);
/// "351 ms", ">= 351 ms", "3 nodes", "-".
[[nodiscard]] std::string value_text(const Verdict& verdict);
/// "340 ms", "340 ms (+5 %)", ">= 30 /s", "13 to 21".
[[nodiscard]] std::string limit_text(const Verdict& verdict);
/// What is left of a budget, "3.2 %", or why it is broken: "11.0 ms over (3.2 %)".
[[nodiscard]] std::string margin_text(const Verdict& verdict);
/// "latency on rpi4b, ncnn is 351 ms, budget 340 ms: 11.0 ms over (3.2 %)".
[[nodiscard]] std::string sentence(const Verdict& verdict);
/// The layers to blame, under a title: "layers with more latency than in base.json:", "+11.2 ms
/// layer4.2/conv3 (Conv 3x3, new)", "and 3 more". Empty when nobody is. Printable.
[[nodiscard]] std::vector<std::string> blame_lines(const Verdict& verdict);
/// Runs of verdicts on one model, in order.
[[nodiscard]] std::vector<std::span<const Verdict>> by_model(const Check& check);
/// "1 of 3 budgets broken", "3 budgets hold".
[[nodiscard]] std::string result_text(const Check& check);
/// Headroom as a fraction of the limit, negative when it is broken; nullopt where there is no value
/// or the limit is 0.
[[nodiscard]] std::optional<double> headroom(const Verdict& verdict);

}  // namespace roofline::report
