#pragma once
#include <functional>
#include <iosfwd>
#include <optional>

#include "roofline/base/diagnostic.hpp"

namespace roofline::cli {

/// What stopped a command, or one model of many.
struct Failure {
  ExitCode code;
  Diagnostic diagnostic;
};
/// Runs `body`; whatever it throws is the failure.
std::optional<Failure> attempt(const std::function<void()>& body);

/// Runs `body`; whatever it throws becomes one error on `err` and an exit code.
ExitCode guarded(std::ostream& err, const std::function<ExitCode()>& body);

}  // namespace roofline::cli
