// Owns `roofline analyze` of many models: which files, how many at once, in which order they are
// written, and what one that fails means for the rest. Refuses to price or to format any of them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>
#include <sstream>
#include <thread>

#include "analyze_options.hpp"
#include "output.hpp"
#include "roofline/base/in_order.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/cli/guard.hpp"

namespace roofline::cli {
namespace {

namespace fs = std::filesystem;

/// Failed models named in the last line; all have their own.
constexpr std::size_t kNamedFailures = 5;
/// Columns of the text's first one: longer paths stick out.
constexpr std::size_t kWidestPath = 60;

/// Every .onnx file below, sorted. Links to directories are not followed: they may lead back.
std::vector<std::string> files_below(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;
    if (entry->path().extension() != ".onnx" || entry->is_directory(unreadable)) continue;
    files.push_back(entry->path().string());
  }
  if (error) {
    throw Error("not-readable", directory, "cannot be listed: " + error.message(),
                "check the permissions of the directories in it");
  }
  if (files.empty()) {
    throw Error("no-models", directory, "there is no .onnx file in this directory or below",
                "check the path, and the names of the files");
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> model_files(const std::vector<std::string>& operands) {
  std::vector<std::string> files;
  for (const std::string& operand : operands) {
    std::error_code unreadable;
    if (!fs::is_directory(operand, unreadable)) {
      files.push_back(operand);
      continue;
    }
    std::vector<std::string> below = files_below(operand);
    files.insert(files.end(), std::make_move_iterator(below.begin()),
                 std::make_move_iterator(below.end()));
  }
  return files;
}

/// One model's part of what is printed.
struct Part {
  ExitCode code = ExitCode::kOk;
  std::string out;
  std::string err;
};

/// How parts look, the same for all.
class Writer {
 public:
  Writer(const AnalyzeOptions& options, const std::vector<std::string>& files) : options_(options) {
    for (const std::string& file : files) {
      path_width_ = std::max(path_width_, display_width(printable(file)));
    }
    path_width_ = std::min(path_width_, kWidestPath);
  }

  [[nodiscard]] std::string header() const {
    const bool machines = !options_.question.machines.empty();
    if (options_.format == Format::kText) return report::line_header(machines, path_width_);
    if (options_.format == Format::kCsv) return report::csv_header(machines, options_.detail);
    return "";
  }

  [[nodiscard]] Part part(const std::string& path, const Pricer& pricer) const {
    std::ostringstream out;
    std::ostringstream err;
    ExitCode code = ExitCode::kOk;
    std::optional<Failure> failed = attempt([&] {
      const report::Report report = pricer.price(path, digest());
      write(report, out);
      code = judge(report, options_.strict, least(), err);
    });
    if (!failed) return {code, std::move(out).str(), std::move(err).str()};
    std::ostringstream line;
    if (failed->diagnostic.location.empty()) failed->diagnostic.location = path;
    print(failed->diagnostic, err);
    write(path, failed->diagnostic, line);
    return {failed->code, std::move(line).str(), std::move(err).str()};
  }

 private:
  [[nodiscard]] onnx_io::Digest digest() const {
    return options_.format == Format::kNdjson ? onnx_io::Digest::kCompute : onnx_io::Digest::kSkip;
  }
  /// Findings that the format cannot carry. Notes of a thousand models are noise.
  [[nodiscard]] Severity least() const {
    return options_.format == Format::kNdjson ? Severity::kError : Severity::kWarning;
  }

  void write(const report::Report& report, std::ostream& out) const {
    if (options_.format == Format::kText) return render_lines(report, path_width_, out);
    if (options_.format == Format::kCsv) return render_csv_rows(report, options_.detail, out);
    render_json(report, out, data::JsonLayout::kOneLine, options_.detail);
  }
  void write(const std::string& path, const Diagnostic& diagnostic, std::ostream& out) const {
    if (options_.format == Format::kText) {
      out << fmt::format("{:<{}}  failed: {}\n", printable(path), path_width_, diagnostic.code);
    }
    if (options_.format == Format::kNdjson) {
      report::render_failure(path, diagnostic, ROOFLINE_VERSION, out);
    }
  }

  const AnalyzeOptions& options_;
  std::size_t path_width_ = 0;
};

/// What all models together came to.
class Tally {
 public:
  explicit Tally(std::size_t models) : models_(static_cast<std::int64_t>(models)) {}

  void add(const std::string& path, ExitCode code) {
    ++done_;
    if (code == ExitCode::kOk) return;
    ++failed_;
    if (named_.size() < kNamedFailures) named_.push_back(path);
    // Worst first: what says most about whether the other lines can be trusted.
    constexpr std::array kWorst = {ExitCode::kInternal, ExitCode::kInput, ExitCode::kUsage,
                                   ExitCode::kIncomplete, ExitCode::kOk};
    worst_ = *std::find_if(kWorst.begin(), kWorst.end(),
                           [&](ExitCode c) { return c == code || c == worst_; });
  }

  [[nodiscard]] std::string progress() const {
    std::string text =
        fmt::format("{} of {} models", grouped_digits(done_), grouped_digits(models_));
    if (failed_ > 0) text += fmt::format(", {} failed", grouped_digits(failed_));
    return text;
  }

  ExitCode conclude(std::ostream& err) const {
    if (failed_ == 0) return ExitCode::kOk;
    std::string names = join(named_, ", ");
    const std::int64_t unnamed = failed_ - static_cast<std::int64_t>(named_.size());
    if (unnamed > 0) names += fmt::format(" and {} more", grouped_digits(unnamed));
    print({Severity::kError,
           "models-failed",
           fmt::format("{} of {} model{} failed: {}", grouped_digits(failed_),
                       grouped_digits(models_), models_ == 1 ? "" : "s", names),
           {},
           {},
           {}},
          err);
    return worst_;
  }

 private:
  std::int64_t models_;
  std::int64_t done_ = 0;
  std::int64_t failed_ = 0;
  std::vector<std::string> named_;
  ExitCode worst_ = ExitCode::kOk;
};

}  // namespace

ExitCode analyze_many(const AnalyzeOptions& options, const Streams& streams) {
  const Pricer pricer(options.question);
  const std::vector<std::string> files = model_files(options.operands);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const Writer writer(options, files);
  Tally tally(files.size());
  ProgressLine progress(streams.err, options.output.has_value() || !streams.out_is_terminal);
  const auto write_all = [&](std::ostream& out) {
    out << writer.header();
    in_order(
        files.size(), options.jobs == 0 ? cores : options.jobs,
        [&](std::size_t i) { return writer.part(files[i], pricer); },
        [&](std::size_t i, const Part& part) {
          if (!part.err.empty()) progress.clear();
          out << part.out << std::flush;
          streams.err << part.err;
          tally.add(files[i], part.code);
          progress.show(tally.progress());
          return out.good();  // a closed pipe wants no more
        });
  };
  if (options.output)
    write_file(*options.output, write_all);
  else
    write_all(streams.out);
  progress.clear();
  return tally.conclude(streams.err);
}

}  // namespace roofline::cli
