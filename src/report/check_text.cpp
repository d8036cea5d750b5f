// Owns how a check reads on a terminal: a line per budget, then the layers to blame.
// Refuses to judge.
#include <fmt/format.h>

#include <ostream>
#include <span>

#include "check_words.hpp"
#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/report/table.hpp"

namespace roofline::report {
namespace {

class CheckScreen {
 public:
  CheckScreen(const Check& check, const TextOptions& options)
      : check_(check), options_(options), painter_(options.color) {}

  std::string write() {
    for (const std::span<const Verdict> verdicts : by_model(check_)) append_model(verdicts);
    painter_.append(text_, result_text(check_), check_.broken() > 0 ? Style::kRed : Style::kGreen);
    return text_ + '\n';
  }

 private:
  void append_model(std::span<const Verdict> verdicts) {
    painter_.append(
        text_,
        fmt::format("{} against {}", file_name(verdicts.front().model), file_name(check_.budget)),
        Style::kBold);
    text_ += "\n\n";
    Table table({{""},
                 {"figure"},
                 {.title = "on", .max_width = 60, .flexible = true, .min_width = 20},
                 {"value", Align::kQuantity},
                 {"budget"},
                 {.title = "headroom", .max_width = 60}});
    for (const Verdict& verdict : verdicts) add_line(verdict, table);
    table.render(options_.width, painter_, text_);
    text_ += '\n';
    for (const Verdict& verdict : verdicts) append_blame(verdict);
  }

  static void add_line(const Verdict& verdict, Table& table) {
    const bool passes = verdict.passes();
    const Style style = passes ? Style::kPlain : Style::kRed;
    table.add({{passes ? "pass" : "FAIL", passes ? Style::kGreen : Style::kRed},
               {std::string(verdict.limit->figure->title)},
               {where_text(verdict), Style::kDim},
               {value_text(verdict), style},
               {limit_text(verdict)},
               {margin_text(verdict), style}});
  }

  /// Why a budget is broken: the layers, and where the budget stands.
  void append_blame(const Verdict& verdict) {
    if (verdict.passes()) return;
    text_ += fmt::format("  {}:{}: {}\n", printable(check_.budget), verdict.limit->line,
                         sentence(verdict));
    append_hint(verdict);
    Style style = Style::kDim;  // of the title
    for (const std::string& line : blame_lines(verdict)) {
      painter_.append(text_, "    " + line, style);
      text_ += '\n';
      style = Style::kPlain;
    }
    text_ += '\n';
  }

  void append_hint(const Verdict& verdict) {
    std::string hint;
    if (verdict.judgement == Judgement::kUnknown) {
      hint = "'allow_unknown: true' accepts what is known of it";
    } else if (verdict.judgement == Judgement::kNoLayer) {
      hint = "'roofline analyze MODEL --top 0' lists the names of layers";
    }
    if (hint.empty()) return;
    painter_.append(text_, "    " + hint, Style::kDim);
    text_ += '\n';
  }

  const Check& check_;
  const TextOptions& options_;
  Painter painter_;
  std::string text_ = {};
};

}  // namespace

void render_text(const Check& check, const TextOptions& options, std::ostream& out) {
  out << CheckScreen(check, options).write();
}

}  // namespace roofline::report
