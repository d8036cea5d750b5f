// Owns the fuzz target of request files: any bytes give stages in an order in which they can run,
// or a roofline::Error. Refuses every other exception, by not catching it.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "roofline/pipeline/request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace roofline;
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const RequestFile file = read_request(text, "fuzz/request.yaml");
    require(file.stages.size() > 1 && file.stages[0].output.has_value());
    // What pricing relies on.
    for (const RequestLink& link : file.links) {
      require(link.between[0] < link.between[1] && link.between[1] < file.devices.size());
      require(!link.bytes_per_s || *link.bytes_per_s > 0);
    }
    for (std::size_t s = 0; s < file.stages.size(); ++s) {
      const RequestStage& stage = file.stages[s];
      require(stage.device < file.devices.size());
      require(std::isfinite(stage.runs) && stage.runs >= 0);
      require(s == 0 || !stage.after.empty());
      for (const std::size_t before : stage.after) require(before < s);
      const auto* operation = std::get_if<RequestStage::Operation>(&stage.work);
      if (operation != nullptr && (stage.input || !operation->takes_input)) {
        (void)to_model(operation->sketch(stage.input.value_or(ir::TensorType{})), "operation");
      }
    }
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the expected outcome
  }
  return 0;
}
