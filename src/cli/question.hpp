#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "command.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/sweep.hpp"

namespace roofline::cli {

/// What the flags of kMachineOptions and kSizeOptions ask.
struct Question {
  std::vector<std::string> machines;  ///< ids or files
  Request request;                    ///< without `hardware`
  // Where ranges are allowed:
  std::vector<SweptDim> swept = {};  ///< dimensions of several sizes, in the order given
  std::vector<std::optional<hardware::Precision>> precisions = {};  ///< at least one
};

/// Whether --dim may give several sizes, and --precision several precisions.
enum class Ranges { kRefused, kAllowed };

/// Throws Error (kUsage) for bad values.
[[nodiscard]] Question question(const Arguments& arguments, Ranges ranges = Ranges::kRefused);

/// Names of every kind of scenario.
[[nodiscard]] std::vector<std::string> scenario_names();

/// Reads and checks each machine. Throws Error.
[[nodiscard]] std::vector<hardware::Profile> load_profiles(
    const std::vector<std::string>& machines);

/// A question whose machines are loaded, once for every model. Threads may share one.
class Pricer {
 public:
  /// Throws Error.
  explicit Pricer(Question question);
  ~Pricer() = default;
  Pricer(const Pricer&) = delete;
  Pricer& operator=(const Pricer&) = delete;
  Pricer(Pricer&&) = delete;
  Pricer& operator=(Pricer&&) = delete;
  [[nodiscard]] report::Report price(const std::string& path, onnx_io::Digest digest) const;

 private:
  Question question_;  ///< its request points into profiles_
  std::vector<hardware::Profile> profiles_;
};

/// Prints the errors among a report's findings; true when there are any.
bool print_errors(const report::Report& report, std::ostream& err);

/// What --precision means on a machine that has no peak for it.
enum class OnMissingPrecision { kRefuse, kAsIs };

/// The reports behind positional arguments: models, priced as the flags ask, or saved reports.
class Inputs {
 public:
  /// Throws Error (kUsage) when flags ask something of saved reports only.
  explicit Inputs(const Arguments& arguments,
                  OnMissingPrecision on_missing = OnMissingPrecision::kRefuse);
  [[nodiscard]] report::Report get(const std::string& path) const;

 private:
  Pricer pricer_;
};

}  // namespace roofline::cli
