#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace roofline::cli {

/// Runs the `roofline` command with `args` (without the program name). Reports go to `out`,
/// diagnostics to `err`; returns the exit code. `out_is_terminal` decides colours and width.
int run_cli(const std::vector<std::string>& args, std::ostream& out, std::ostream& err,
            bool out_is_terminal = false);

}  // namespace roofline::cli
