// Owns `roofline ops`: the operator table on screen.
// Refuses to know more of an operator than its row says.
#include <fmt/format.h>

#include <ostream>

#include "command.hpp"
#include "output.hpp"
#include "roofline/base/text.hpp"
#include "roofline/ops/registry.hpp"
#include "roofline/report/table.hpp"

namespace roofline::cli {
namespace {

using report::Align;

std::string full_name(const ops::OpSpec& spec) {
  return spec.domain.empty() ? std::string(spec.type)
                             : fmt::format("{}.{}", spec.domain, spec.type);
}

/// "2", "2-4", "1 or more".
std::string range(int least, int most) {
  if (most == ops::kMany) return fmt::format("{} or more", least);
  return least == most ? fmt::format("{}", least) : fmt::format("{}-{}", least, most);
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const ops::OpSpec& spec : ops::all_ops()) names.push_back(full_name(spec));
  return names;
}

void list_all(const Streams& streams) {
  report::Table table({{"operator"},
                       {"since", Align::kRight},
                       {"class"},
                       {"cost"},
                       {.title = "FLOPs", .max_width = 200}});
  for (const ops::OpSpec& spec : ops::all_ops()) {
    table.add({{full_name(spec)},
               {fmt::format("{}", spec.since)},
               {std::string(ops::class_name(spec.cls))},
               {std::string(ops::confidence_name(spec.confidence))},
               {std::string(spec.formula)}});
  }
  print_table(table, Fit::kWhole, streams.out, streams.out_is_terminal);
}

void show(const ops::OpSpec& spec, std::ostream& out) {
  out << fmt::format("{}, from opset {}\n", full_name(spec), spec.since);
  out << fmt::format("  class    {}\n", ops::class_name(spec.cls));
  out << fmt::format("  inputs   {}\n", range(spec.arity.min_inputs, spec.arity.max_inputs));
  out << fmt::format("  outputs  {}\n", range(spec.arity.min_outputs, spec.arity.max_outputs));
  out << fmt::format("  cost     {}\n", ops::confidence_name(spec.confidence));
  out << fmt::format("  FLOPs    {}\n", spec.formula);
  const std::string_view source = spec.source.empty() ? "ONNX operator specification" : spec.source;
  out << fmt::format("  source   {}\n", source);
}

ExitCode run_ops(const Arguments& arguments, const Streams& streams) {
  if (arguments.positionals.empty()) {
    list_all(streams);
    return ExitCode::kOk;
  }
  const std::string& name = arguments.positionals.front();
  bool found = false;
  for (const ops::OpSpec& spec : ops::all_ops()) {
    // A bare type shows the operator of every domain that has one.
    if (full_name(spec) == name || spec.type == name) {
      if (found) streams.out << '\n';
      show(spec, streams.out);
      found = true;
    }
  }
  if (found) return ExitCode::kOk;
  std::string hint = did_you_mean_hint(name, op_names());
  if (hint.empty()) hint = "'roofline ops' lists all";
  throw usage_error(fmt::format("there is no operator '{}' in the table", printable(name)), hint);
}

}  // namespace

const Command kOpsCommand{"ops",
                          "[NAME]",
                          "list the operators whose cost is known, or one in detail",
                          {},
                          "roofline ops\nroofline ops Conv\nroofline ops com.microsoft.Attention",
                          run_ops,
                          op_names};

}  // namespace roofline::cli
