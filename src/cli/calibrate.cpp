// Owns `roofline calibrate emit`.
// Refuses to run the models: the runtime that is calibrated does (docs/calibration.md).
#include <fmt/format.h>

#include <array>
#include <ostream>

#include "command.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/calibrate/synthetic.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

calibrate::Half half(const Arguments& arguments) {
  const std::string* given = arguments.one("--half");
  if (!given) return calibrate::Half::kBoth;
  const std::array<std::string, 2> names = {"even", "odd"};
  return choice("--half", *given, names) == "even" ? calibrate::Half::kEven : calibrate::Half::kOdd;
}

}  // namespace

ExitCode run_calibrate_emit(const Arguments& arguments, const Streams& streams) {
  const std::string& directory = arguments.positionals.front();
  const calibrate::SyntheticFiles files =
      calibrate::write_synthetic_models(directory, half(arguments));
  streams.out << fmt::format("{}: {} models, {}\n", printable(directory), files.models,
                             format_quantity(static_cast<double>(files.bytes), Unit::kByte));
  return ExitCode::kOk;
}

}  // namespace roofline::cli
