// Owns the HTML pages of reports and sweeps: their titles, and which reports are on them.
// Refuses figures of its own: a page's data is the JSON contract, word for word.
#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "format.hpp"
#include "page.hpp"
#include "roofline/base/text.hpp"
#include "roofline/report/render.hpp"
#include "roofline/report/sweep.hpp"

namespace roofline::report {
namespace {

/// "resnet50.onnx on v100, xavier"
std::string title_of(std::span<const Report* const> reports) {
  std::vector<std::string> models;
  std::vector<std::string> machines;
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Report* report : reports) {
    add(models, file_name(report->model.path));
    for (const Result& result : report->results) add(machines, result.hardware.id);
  }
  const std::string on = machines.empty() ? "" : " on " + join(machines, ", ");
  return join(models, ", ") + on;
}

}  // namespace

void render_html(std::span<const Report* const> reports, std::ostream& out) {
  const auto write_data = [&](std::ostream& data) {
    data << '[';
    for (const Report* report : reports) {
      if (report != reports.front()) data << ',';
      render_json(*report, data);
    }
    data << ']';
  };
  write_page(title_of(reports), View::kAnalysis, write_data, out);
}

void render_html(const Sweep& sweep, std::ostream& out) {
  const auto write_data = [&](std::ostream& data) { render_json(sweep, data); };
  write_page(file_name(sweep.model.path) + " over " + sweep.axis, View::kSweep, write_data, out);
}

}  // namespace roofline::report
