#pragma once
#include "roofline/ir/graph.hpp"

namespace onnx {
class SparseTensorProto;
class TensorProto;
class TypeProto;
}  // namespace onnx

namespace roofline::onnx_io {

/// The remedy for a file that no exporter should write.
inline constexpr const char* kExportAgain =
    "the file breaks the ONNX specification: export it again";

/// Dims and dtype of `proto`, and its elements when they are few and in the file.
/// Throws RuleError when a dim is negative or the data present has another size than the dims say.
[[nodiscard]] ir::Constant convert_tensor(const onnx::TensorProto& proto);

/// Dense dims, dtype and number of stored values; no elements. Throws RuleError like the above.
[[nodiscard]] ir::Constant convert_sparse(const onnx::SparseTensorProto& proto);

/// Adds kind, dtype and shape of a declaration to `tensor`, where it has none yet.
void declare_type(const onnx::TypeProto& type, ir::Tensor& tensor);

}  // namespace roofline::onnx_io
