#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "roofline/onnx_io/write.hpp"

namespace roofline::calibrate {

/// Which of the synthetic models: every second one of each family spans its sizes.
enum class Half : std::uint8_t { kBoth, kEven, kOdd };

/// Small models whose times determine how fast a runtime runs each kind of kernel: single
/// operators, chains of short ones, and blocks in which runtimes fuse or change the layout. The
/// same list on every machine; names are unique and make good file names.
[[nodiscard]] std::vector<onnx_io::ModelSketch> synthetic_models(Half half = Half::kBoth);

/// What write_synthetic_models wrote.
struct SyntheticFiles {
  std::size_t models = 0;
  std::int64_t bytes = 0;
};
/// Writes the models to `directory`, which is made if need be, as NAME.onnx. Throws Error (kInput).
SyntheticFiles write_synthetic_models(const std::string& directory, Half half = Half::kBoth);

}  // namespace roofline::calibrate
