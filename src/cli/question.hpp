#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "command.hpp"
#include "roofline/hardware/profile.hpp"
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

/// Reads and checks each machine. Throws Error.
[[nodiscard]] std::vector<hardware::Profile> load_profiles(
    const std::vector<std::string>& machines);

/// The reports behind positional arguments: models, priced as the flags ask, or saved reports.
/// Machines are loaded once.
class Inputs {
 public:
  /// Throws Error (kUsage) when flags ask something of saved reports only.
  explicit Inputs(const Arguments& arguments);
  Inputs(const Inputs&) = delete;
  Inputs& operator=(const Inputs&) = delete;
  [[nodiscard]] report::Report get(const std::string& path) const;

 private:
  Question question_;  ///< its request points into profiles_
  std::vector<hardware::Profile> profiles_;
};

/// Prints the errors of a report. True when there are any: the model breaks the specification, and
/// its figures mean little.
bool print_errors(const report::Report& report, std::ostream& err);

}  // namespace roofline::cli
