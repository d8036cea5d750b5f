#pragma once
#include <functional>
#include <iosfwd>

#include "roofline/base/diagnostic.hpp"

namespace roofline::cli {

/// Runs `body`; whatever it throws becomes one error on `err` and an exit code.
ExitCode guarded(std::ostream& err, const std::function<ExitCode()>& body);

}  // namespace roofline::cli
