#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "roofline/ir/graph.hpp"

namespace roofline::onnx_io {

/// Whether load() fills Model::skeleton_sha256: hashing costs about as much as all the rest, so
/// whoever analyses thousands of models and prints no digest skips it.
enum class Digest { kCompute, kSkip };

/// Reads an .onnx file without its weights: the file is mapped, payloads above 1 KiB (128 bytes of
/// floats) are skipped by a bounds-checked wire-format walk, external data is never opened.
///
/// What comes back is normalised: domain "ai.onnx" is "", nodes are in topological order,
/// initializers are constants even where they are graph inputs too, every operand's name is
/// defined. A name that a subgraph takes from outside is a Tensor with `is_outer` in that subgraph
/// and, where it comes from further out, in each graph in between. A Constant without `value` was
/// not loaded (large, external, stripped, or of a type without numbers); an int64 element of -2^63
/// is read as -2^63+1, because kUnknownElement takes its place.
/// Throws Error (kInput) that names file, cause and remedy.
[[nodiscard]] ir::Model load(const std::string& path, Digest digest = Digest::kCompute);

/// Same for a model in memory; `path` is used in messages only.
[[nodiscard]] ir::Model load(std::span<const std::uint8_t> bytes, const std::string& path,
                             Digest digest = Digest::kCompute);

/// Writes the model without those payloads (dims, dtype and name stay), so that every cost
/// stays the same; doc strings and the metadata of nodes and values (mostly stack traces) go too.
/// Stripping a stripped model changes nothing. The output appears complete or not at all.
/// Returns the bytes written. Throws Error; kUsage when the output is the input.
std::int64_t strip(const std::string& path, const std::string& output_path);

}  // namespace roofline::onnx_io
