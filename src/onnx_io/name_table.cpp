// Owns the look-up of a tensor by its name.
// Refuses to own names: they are the tensors'.
#include "name_table.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace roofline::onnx_io {

void NameTable::reserve(std::size_t names) {
  const std::size_t slots = std::bit_ceil(std::max<std::size_t>(2 * names, 16));
  if (slots > slots_.size()) rehash(slots);
}

ir::TensorId NameTable::find(const std::string& name, ir::TensorId guess) const {
  // kNoTensor becomes too large an index.
  const auto index = static_cast<std::size_t>(guess);
  if (index < tensors_.size() && tensors_[index].name == name) return guess;
  if (slots_.empty()) return ir::kNoTensor;
  return slots_[slot_of(name, std::hash<std::string>()(name))].id;
}

ir::TensorId NameTable::insert(const std::string& name, ir::TensorId id) {
  reserve(used_ + 1);
  const std::uint64_t hash = std::hash<std::string>()(name);
  Slot& slot = slots_[slot_of(name, hash)];
  if (slot.id != ir::kNoTensor) return slot.id;
  slot = {hash, id};
  ++used_;
  return ir::kNoTensor;
}

std::size_t NameTable::slot_of(const std::string& name, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (; slots_[i].id != ir::kNoTensor; i = (i + 1) & mask) {
    if (slots_[i].hash != hash) continue;
    if (tensors_[static_cast<std::size_t>(slots_[i].id)].name == name) break;
  }
  return i;
}

void NameTable::rehash(std::size_t slots) {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  const std::size_t mask = slots - 1;
  for (const Slot& slot : old) {
    if (slot.id == ir::kNoTensor) continue;
    std::size_t i = slot.hash & mask;
    while (slots_[i].id != ir::kNoTensor) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

}  // namespace roofline::onnx_io
