// Owns `roofline validate`: measurements in, comparison out.
// Refuses flags that would silently change nothing.
#include "roofline/calibrate/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "command.hpp"
#include "output.hpp"
#include "roofline/base/text.hpp"
#include "roofline/plan/plan.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

using calibrate::Measurements;
using calibrate::Validation;

calibrate::ValidateRequest request(const Arguments& arguments) {
  calibrate::ValidateRequest result;
  result.models = arguments.positionals;
  result.model_dirs = arguments.all("--models");
  if (const std::string* text = arguments.one("--hardware")) result.hardware = *text;
  if (const std::string* text = arguments.one("--runtime")) {
    result.runtime = *text;
  }
  if (const std::string* text = arguments.one("--precision")) {
    result.precision = *text;
  }
  if (const std::string* text = arguments.one("--threads")) {
    result.threads = thread_count(*text);
  }
  if (const std::string* text = arguments.one("--roof")) {
    result.roof = *text == "measured" ? hardware::Roof::kMeasured : hardware::Roof::kDatasheet;
  }
  for (const std::string& text : arguments.all("--dim")) {
    const auto [name, size] = assignment("--dim", text, "a size as in batch=8");
    if (!result.dims.emplace(name, integer("--dim", size, 0)).second) {
      throw usage_error(fmt::format("--dim: '{}' was given twice", printable(name)));
    }
  }
  return result;
}

std::string format(const Arguments& arguments) {
  const std::string* text = arguments.one("--format");
  const std::string result = text == nullptr ? "text" : *text;
  for (const std::string_view flag : {"--sort", "--top"}) {
    if (arguments.has(flag) && result != "text") {
      throw usage_error(fmt::format("{} has no effect without --format text", flag));
    }
  }
  if (arguments.has("--layers") && result != "csv") {
    throw usage_error("--layers has no effect without --format csv");
  }
  return result;
}

report::TextOptions text_options(const Arguments& arguments, bool to_terminal) {
  report::TextOptions options = terminal_options(to_terminal);
  options.sort = "error";
  if (const std::string* text = arguments.one("--sort")) {
    options.sort = *text;
  }
  if (const std::string* text = arguments.one("--top")) {
    options.top = static_cast<std::size_t>(integer("--top", *text, 0));
  }
  return options;
}

ExitCode run_validate(const Arguments& arguments, const Streams& streams) {
  if (!arguments.has("--measured")) {
    throw usage_error("roofline validate: --measured FILE is missing",
                      "'roofline validate --help' shows examples");
  }
  const calibrate::ValidateRequest asked = request(arguments);
  const std::string shape = format(arguments);
  const std::string* output = arguments.one("--output");
  const report::TextOptions options =
      text_options(arguments, streams.out_is_terminal && output == nullptr);
  std::vector<Measurements> measurements;
  for (const std::string& path : arguments.all("--measured")) {
    measurements.push_back(calibrate::read_measurements(path));
  }
  const Validation validation = calibrate::validate(measurements, asked);
  const auto write = [&](std::ostream& out) {
    if (shape == "json") return calibrate::render_json(validation, ROOFLINE_VERSION, out);
    if (shape == "text") return calibrate::render_text(validation, options, out);
    const bool layers = arguments.has("--layers");
    calibrate::render_csv(validation,
                          layers ? calibrate::CsvTable::kLayers : calibrate::CsvTable::kRows, out);
  };
  if (output != nullptr)
    write_file(*output, write);
  else
    write(streams.out);
  // JSON carries them itself.
  if (shape == "json") return ExitCode::kOk;
  for (const Diagnostic& diagnostic : validation.diagnostics) print(diagnostic, streams.err);
  return ExitCode::kOk;
}

constexpr std::array kValidateOptions = {
    OptionSpec{.group = "measurements",
               .name = "--measured",
               .value = "FILE",
               .help = "measured times: CSV, JSON of tools/measure-onnxruntime, or a profile of "
                       "ONNX Runtime or trtexec; repeat for several",
               .repeatable = true},
    OptionSpec{.group = "measurements",
               .name = "--models",
               .value = "DIR",
               .help = "where the measured models are; beside the measurements by default",
               .repeatable = true},
    OptionSpec{.group = "machine",
               .name = "--hardware",
               .value = "ID|FILE",
               .help = "the machine, whatever the measurements say",
               .choices = hardware::list_ids,
               .open = true},
    OptionSpec{.group = "machine",
               .name = "--runtime",
               .value = "NAME",
               .help = "the runtime's rules, whatever the measurements say",
               .choices = plan::runtime_names},
    OptionSpec{.group = "machine",
               .name = "--precision",
               .value = "P",
               .help = "as-is or a precision, as fp16, whatever the measurements say",
               .choices = plan::precision_names},
    OptionSpec{.group = "machine",
               .name = "--threads",
               .value = "N",
               .help = "cores of a CPU, whatever the measurements say"},
    OptionSpec{.group = "machine",
               .name = "--roof",
               .value = "KIND",
               .help = "peaks of the data sheet (datasheet, default) or measured ones (measured)",
               .choices = roof_names},
    OptionSpec{.group = "machine",
               .name = "--dim",
               .value = "NAME=N",
               .help = "size of a symbolic dimension, in every model that has it",
               .repeatable = true},
    OptionSpec{.group = "output",
               .name = "--format",
               .value = "F",
               .help = "text (default), json or csv; the last two list every row, in order",
               .choices =
                   [] {
                     return Names{"text", "json", "csv"};
                   }},
    OptionSpec{.group = "output",
               .name = "--layers",
               .help = "csv: one line per matched layer, with attained FLOP/s and intensity"},
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "write the result to a file, whole or not at all",
               .short_name = "-o"},
    OptionSpec{.group = "text",
               .name = "--sort",
               .value = "KEY",
               .help = "error (default), order, measured, predicted or model",
               .choices = calibrate::validation_sort_keys},
    OptionSpec{.group = "text",
               .name = "--top",
               .value = "N",
               .help = "rows and layers to list: 20 by default, 0 for all"},
};
constexpr std::string_view kValidateExamples =
    "roofline validate resnet50.onnx --measured times.json --hardware my_host.yaml\n"
    "roofline validate --models models --measured rows.csv --sort model --top 0\n"
    "roofline validate resnet50.onnx --measured onnxruntime_profile.json --hardware my_host.yaml "
    "\\\n"
    "  --format csv --layers";

}  // namespace

const Command kValidateCommand{"validate",
                               "[MODEL...]",
                               "compare predicted with measured times, of models and layers",
                               kValidateOptions,
                               kValidateExamples,
                               run_validate};

}  // namespace roofline::cli
