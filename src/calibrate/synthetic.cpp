// Owns the list of families of synthetic models, their halves, and the folder they are written to.
// Refuses to know what is in a family.
#include "roofline/calibrate/synthetic.hpp"

#include <array>
#include <filesystem>
#include <system_error>

#include "roofline/base/diagnostic.hpp"
#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

namespace fs = std::filesystem;

constexpr std::array kFamilies = {
    overhead_models,
    pointwise_models,
    dense_conv_models,
    first_conv_models,
    depthwise_models,
    grouped_conv_models,
    transposed_conv_models,
    conv_block_models,
    fused_activation_models,
    behind_conv_models,
    gemm_models,
    batched_matmul_models,
    recurrent_models,
    transformer_models,
    elementwise_models,
    broadcast_models,
    unary_models,
    pool_models,
    normalization_models,
    reduction_models,
    transpose_models,
    join_models,
    movement_models,
    resize_models,
    quantized_models,
};

bool is_in(Half half, std::size_t index) {
  return half == Half::kBoth || (half == Half::kEven) == (index % 2 == 0);
}

}  // namespace

std::vector<onnx_io::ModelSketch> synthetic_models(Half half) {
  Sketches chosen;
  for (const auto& family : kFamilies) {
    Sketches all = family();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (is_in(half, i)) chosen.push_back(std::move(all[i]));
    }
  }
  return chosen;
}

SyntheticFiles write_synthetic_models(const std::string& directory, Half half) {
  std::error_code failed;
  if (fs::exists(directory, failed) && !fs::is_directory(directory, failed)) {
    throw Error("not-writable", directory, "found a file, expected a folder",
                "name a folder that can be written to");
  }
  fs::create_directories(directory, failed);
  if (failed) {
    throw Error("not-writable", directory, "cannot be made: " + failed.message(),
                "name a folder that can be written to");
  }
  SyntheticFiles files;
  for (const onnx_io::ModelSketch& sketch : synthetic_models(half)) {
    files.bytes += onnx_io::write(sketch, (fs::path(directory) / (sketch.name + ".onnx")).string());
    ++files.models;
  }
  return files;
}

}  // namespace roofline::calibrate
