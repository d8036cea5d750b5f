#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "command.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/pipeline/analyze.hpp"

namespace roofline::cli {

/// What the flags of kMachineOptions and kSizeOptions ask.
struct Question {
  std::vector<std::string> machines;  ///< ids or files
  Request request;                    ///< without `hardware`
};
/// Throws Error (kUsage) for bad values.
[[nodiscard]] Question question(const Arguments& arguments);

/// Reads and checks each machine. Throws Error.
[[nodiscard]] std::vector<hardware::Profile> load_profiles(
    const std::vector<std::string>& machines);

/// Prints the errors among a report's findings; true when there are any.
bool print_errors(const report::Report& report, std::ostream& err);

/// What --precision means on a machine that has no peak for it.
enum class OnMissingPrecision { kRefuse, kAsIs };

/// The reports behind positional arguments: models, priced as the flags ask, or saved reports.
/// Machines are loaded once.
class Inputs {
 public:
  /// Throws Error (kUsage) when flags ask something of saved reports only.
  explicit Inputs(const Arguments& arguments,
                  OnMissingPrecision on_missing = OnMissingPrecision::kRefuse);
  Inputs(const Inputs&) = delete;
  Inputs& operator=(const Inputs&) = delete;
  [[nodiscard]] report::Report get(const std::string& path) const;

 private:
  Question question_;  ///< its request points into profiles_
  std::vector<hardware::Profile> profiles_;
};

}  // namespace roofline::cli
