// Owns: any bytes given to the loader come back as a model or as an Error.
// Refuses every other exception, memory error, undefined behaviour, hang or log line.
#include <cstddef>
#include <cstdint>
#include <span>

#include "roofline/base/count.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/onnx_io/onnx_io.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    static_cast<void>(roofline::onnx_io::load(std::span(data, size), "fuzz"));
  } catch (const roofline::Error&) {  // NOLINT(bugprone-empty-catch): one of the two answers
  } catch (const roofline::OverflowError&) {  // NOLINT(bugprone-empty-catch)
  }
  return 0;
}
