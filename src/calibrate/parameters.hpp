#pragma once
#include <string>
#include <vector>

#include "roofline/hardware/calibration.hpp"

namespace roofline::calibrate {

/// One number of a calibration that a fit may change, through its logarithm.
struct FreeParameter {
  std::string name;    ///< "terms.step_s", "kernels.conv.pointwise.half.0", "fused.Clip"
  std::string kernel;  ///< key into Calibration::kernels that it belongs to; empty: every step
  double width = 1;    ///< of its prior, in logarithms
  double least = 0;
  double most = 0;
  double* (*find)(hardware::Calibration&, const FreeParameter&);
  std::string key = {};      ///< into precisions, fused or kernels
  std::size_t index = 0;     ///< into terms, kernel parameters, half or derates
  std::string machine = {};  ///< id of the machine that alone has this value; empty: all
};

/// Every parameter of the calibration above 0: zeros stay, they say that a term is absent.
[[nodiscard]] std::vector<FreeParameter> parameters(const hardware::Calibration& calibration);

/// True when `text` matches `pattern`, in which '*' stands for any text.
[[nodiscard]] bool matches(std::string_view text, std::string_view pattern);

}  // namespace roofline::calibrate
