#pragma once
#include <span>
#include <string_view>

#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/advice.hpp"

namespace roofline::advise {

/// A scenario that is tried on every model.
struct Candidate {
  std::string_view scenario;   ///< "precision:fp16"
  std::string_view exclusive;  ///< at most one of a name goes into a combination; "": any number
};
[[nodiscard]] std::span<const Candidate> candidates();

/// Prices every candidate beside `request`, on each of its machines, and finds those that go well
/// together. Scenarios of the request itself are part of what is compared with. Throws Error when
/// the model cannot be priced; a candidate that cannot be applied is pointless, and says why.
[[nodiscard]] report::AdviceReport advise(const ir::Model& model, const Request& request);

}  // namespace roofline::advise
