// Owns `roofline analyze`: question in, report and exit code out.
// Refuses to price anything itself.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "analyze_options.hpp"
#include "option_groups.hpp"
#include "output.hpp"
#include "roofline/base/text.hpp"
#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline::cli {
namespace {

/// Every open size: its symbol, where it stands, and how to give it.
void list_dims(const AnalyzeOptions& options, const Streams& streams) {
  const ir::Model model = onnx_io::load(options.operands.front(), onnx_io::Digest::kSkip);
  const std::vector<infer::Dimension> dimensions = infer::dimensions(model);
  if (dimensions.empty()) {
    streams.out << "every size of the model's inputs and outputs is fixed\n";
    return;
  }
  const infer::TypedGraph typed = infer::infer(model, options.question.request.bindings);
  report::Table table({{"dimension"},
                       {"size", report::Align::kRight},
                       {"given by"},
                       {.title = "stands at", .max_width = 120}});
  for (const infer::Dimension& dimension : dimensions) {
    const ir::Tensor& tensor = model.graph.tensors[static_cast<std::size_t>(dimension.tensor)];
    const auto& shape = typed.types[static_cast<std::size_t>(dimension.tensor)].shape;
    const bool known =
        shape && dimension.axis < shape->size() && (*shape)[dimension.axis] != ir::kUnknownDim;
    const bool named = !dimension.symbol.empty();
    const std::string flag = !dimension.is_input ? "other sizes"
                             : named ? fmt::format("--dim {}=N", printable(dimension.symbol))
                                     : fmt::format("--shape {}=...", printable(tensor.name));
    std::vector<std::string> places = dimension.places;
    constexpr std::size_t kMostPlaces = 3;
    if (places.size() > kMostPlaces) {
      const std::size_t rest = places.size() - kMostPlaces;
      places.resize(kMostPlaces);
      places.push_back(fmt::format("{} more", rest));
    }
    table.add({{named ? printable(dimension.symbol) : "-"},
               {known ? std::to_string((*shape)[dimension.axis]) : "?"},
               {flag},
               {printable(join(places, ", "))}});
  }
  print_table(table, Fit::kWhole, streams.out, streams.out_is_terminal);
  for (const Diagnostic& diagnostic : typed.diagnostics) {
    const bool concerns_sizes =
        diagnostic.code == "unbound-dim" || diagnostic.code == "dim-conflict";
    if (concerns_sizes) print(diagnostic, streams.err);
  }
}

void render(const report::Report& report, const AnalyzeOptions& options, std::ostream& out) {
  if (options.explain) return render_explanation(report, *options.explain, options.text, out);
  switch (options.format) {
    case Format::kText:
    case Format::kMarkdown:
      return render_text(report, options.text, out);
    case Format::kNdjson:  // is for many models: analyze_many()
    case Format::kJson:
      return render_json(report, out);
    case Format::kCsv:
      return render_csv(report, out);
    case Format::kSvg:
      return render_svg(report, out);
    case Format::kHtml:
      return render_html(std::array{&report}, out);
  }
}

ExitCode run_analyze(const Arguments& arguments, const Streams& streams) {
  const AnalyzeOptions options = analyze_options(arguments, streams.out_is_terminal);
  if (options.dims) {
    list_dims(options, streams);
    return ExitCode::kOk;
  }
  if (options.many) return analyze_many(options, streams);
  // The digest, which only JSON and the page built on it carry, takes as long as the rest of
  // loading.
  const bool carried = options.format == Format::kJson || options.format == Format::kHtml;
  const auto digest = carried ? onnx_io::Digest::kCompute : onnx_io::Digest::kSkip;
  const report::Report report = Pricer(options.question).price(options.operands.front(), digest);
  const auto write = [&](std::ostream& out) { render(report, options, out); };
  if (options.output)
    write_file(*options.output, write);
  else
    write(streams.out);
  // A CSV cannot carry them; text and JSON do, and errors are repeated.
  const Severity least = options.format == Format::kCsv ? Severity::kNote : Severity::kError;
  return judge(report, options.strict, least, streams.err);
}

constexpr std::array kDimsAndFormat = {
    OptionSpec{.group = "sizes",
               .name = "--dims",
               .help = "list the sizes that the model leaves open, and where they stand"},
    OptionSpec{.group = "output",
               .name = "--format",
               .value = "F",
               .help = "text (default) or markdown, for people; json, csv or, a line for each of "
                       "many models, ndjson, which list every layer in order; svg: a roofline "
                       "plot; html: a page with charts and tables",
               .choices = format_names},
    OptionSpec{.group = "output",
               .name = "--totals",
               .help = "sums of the model only, without layers: a line, or row, for each machine"},
};
constexpr std::array kAnalyzeOwnOptions = {
    OptionSpec{
        .group = "output", .name = "--tensors", .help = "json: list the type of every tensor"},
    OptionSpec{.group = "output",
               .name = "--strict",
               .help = "exit with 4 when a cost is unknown or a dimension was assumed"},
    OptionSpec{.group = "text",
               .name = "--sort",
               .value = "KEY",
               .help = "time (default on a machine), flops (default without one), order, macs, "
                       "traffic, intensity, parameters or memory",
               .choices = report::sort_keys},
    OptionSpec{.group = "text",
               .name = "--top",
               .value = "N",
               .help = "layers to list: 20 by default, 0 for all"},
    OptionSpec{.group = "text",
               .name = "--group-by",
               .value = "WHAT",
               .help = "sum layers by op, class or scope (leading parts of their names)",
               .choices =
                   [] {
                     return Names{"op", "class", "scope"};
                   }},
    OptionSpec{
        .group = "text", .name = "--plot", .help = "draw the layers under the machine's roofs"},
    OptionSpec{.group = "text",
               .name = "--explain",
               .value = "NODE",
               .help = "derive the figures of one node, term by term, instead of listing layers"},
};
constexpr std::array kManyOptions = {
    OptionSpec{.group = "many models",
               .name = "--jobs",
               .value = "N",
               .help = "models to work on at once; one for each core by default, or with 0"},
};
constexpr auto kAnalyzeOptions =
    joined(kMachineOptions, kSizeOptions, kScenarioOptions, kDimsAndFormat, kOutputOption,
           kAnalyzeOwnOptions, kManyOptions);
constexpr std::string_view kAnalyzeExamples =
    "roofline analyze resnet50.onnx --hardware v100 --precision fp16 --dim batch=32\n"
    "roofline analyze resnet50.onnx --hardware v100,my_board.yaml --group-by op\n"
    "roofline analyze vgg16.onnx --hardware rpi4b --scenario winograd --scenario prune:0.3\n"
    "roofline analyze resnet50.onnx --explain layer1.0/conv1\n"
    "roofline analyze resnet50.onnx --strict --format json --output resnet50.json\n"
    "roofline analyze resnet50.onnx --hardware v100,xavier --format html --output resnet50.html\n"
    "roofline analyze models/ --hardware v100 --totals --format csv --output models.csv\n"
    "roofline analyze a.onnx b.onnx models/ --hardware v100 --format ndjson | jq .totals.macs";

}  // namespace

const Command kAnalyzeCommand{"analyze",
                              "MODEL|DIR...",
                              "price every layer of a model, on machines if given; or many models",
                              kAnalyzeOptions,
                              kAnalyzeExamples,
                              run_analyze};

}  // namespace roofline::cli
