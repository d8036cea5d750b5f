#pragma once
#include <sstream>
#include <string>
#include <vector>

#include "roofline/cli/cli.hpp"

namespace roofline::cli {

/// What one run of the command printed and returned.
struct Outcome {
  int code;
  std::string out;
  std::string err;
};

inline Outcome run(const std::vector<std::string>& args) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_cli(args, out, err);
  return {code, out.str(), err.str()};
}

inline std::string sample_model() { return ROOFLINE_ROOT "/models/alexnet.onnx"; }

}  // namespace roofline::cli
