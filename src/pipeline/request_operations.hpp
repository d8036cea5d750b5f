#pragma once
#include <span>
#include <string_view>

#include "roofline/data/yaml.hpp"
#include "roofline/pipeline/request.hpp"

namespace roofline {

/// Work beside models that a stage may name.
struct OperationKind {
  std::string_view name;  ///< key in the file
  /// Of the value under that key. Throws Error with file:line:column.
  RequestStage::Operation (*read)(const data::YamlNode& node);
};

[[nodiscard]] std::span<const OperationKind> operation_kinds();

/// "float32", "uint8": any element type of a known size.
[[nodiscard]] ir::DType read_dtype(const data::YamlNode& node);

}  // namespace roofline
