#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "roofline/ir/graph.hpp"

namespace roofline::onnx_io {

/// Finds a graph's tensors by name: open addressing over the names that the tensors hold anyway.
/// In a graph of 50,000 nodes most of the conversion is such look-ups, and they miss the cache.
class NameTable {
 public:
  explicit NameTable(const std::vector<ir::Tensor>& tensors) : tensors_(tensors) {}

  void reserve(std::size_t names);
  /// The tensor of that name, or kNoTensor. `guess` is looked at first: files list values in the
  /// order of their nodes, and most nodes read what the one before them wrote.
  [[nodiscard]] ir::TensorId find(const std::string& name, ir::TensorId guess) const;
  /// The tensor of that name, or else kNoTensor after noting that tensor `id` will have it.
  ir::TensorId insert(const std::string& name, ir::TensorId id);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    ir::TensorId id = ir::kNoTensor;
  };

  /// The slot that holds `name`, or the free one where it belongs.
  [[nodiscard]] std::size_t slot_of(const std::string& name, std::uint64_t hash) const;
  void rehash(std::size_t slots);

  const std::vector<ir::Tensor>& tensors_;
  std::vector<Slot> slots_;  ///< a power of two, at most half of them used
  std::size_t used_ = 0;
};

}  // namespace roofline::onnx_io
