// Owns `roofline calibrate emit`.
// Refuses to run the models: the runtime that is calibrated does (docs/calibration.md).
#include <fmt/format.h>

#include <array>
#include <ostream>

#include "command.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/calibrate/synthetic.hpp"

namespace roofline::cli {
namespace {

calibrate::Half half(const Arguments& arguments) {
  const std::string* given = arguments.one("--half");
  if (!given) return calibrate::Half::kBoth;
  return *given == "even" ? calibrate::Half::kEven : calibrate::Half::kOdd;
}

ExitCode run_calibrate_emit(const Arguments& arguments, const Streams& streams) {
  const std::string& directory = arguments.positionals.front();
  const calibrate::SyntheticFiles files =
      calibrate::write_synthetic_models(directory, half(arguments));
  streams.out << fmt::format("{}: {} models, {}\n", printable(directory), files.models,
                             format_quantity(static_cast<double>(files.bytes), Unit::kByte));
  return ExitCode::kOk;
}

constexpr std::array kCalibrateOptions = {
    OptionSpec{.group = "models",
               .name = "--half",
               .value = "WHICH",
               .help = "every second model only: even or odd; either half spans all sizes",
               .choices =
                   [] {
                     return Names{"even", "odd"};
                   }},
};

}  // namespace

const Command kCalibrateEmitCommand{
    "calibrate emit",
    "DIR",
    "write the models whose times tell how fast a runtime runs each kind of operator",
    kCalibrateOptions,
    "roofline calibrate emit /tmp/calibration",
    run_calibrate_emit};

}  // namespace roofline::cli
