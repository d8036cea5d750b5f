#pragma once
#include <string>

#include "draft.hpp"
#include "roofline/hardware/backends.hpp"

namespace roofline::plan {

/// A device of a list, as a plan knows it.
struct BackendDevice {
  const hardware::Backend* backend = nullptr;
  int index = 0;  ///< Step::device
  const hardware::Profile* profile = nullptr;
};

/// Why a device does not run a step; empty where it does.
[[nodiscard]] std::string lacks(const Draft& draft, const BackendDevice& device, const Step& step);

/// Warns of operators in the list that the operator table does not know.
void warn_of_operators(const hardware::Backends& backends, Outcome& outcome);

}  // namespace roofline::plan
