#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "align.hpp"

namespace roofline::report {

/// What tells one layer from another.
struct LayerKey {
  std::string_view name;        ///< of its first node; "" without nodes
  std::string_view op;          ///< operator type of its first node
  std::uint64_t kind = 0;       ///< equal where the operators are
  std::uint64_t structure = 0;  ///< equal where operators, shapes and work are
};

/// Hashes of parts: of texts and counts, one after the other.
class Hash {
 public:
  Hash& add(std::string_view text);
  Hash& add(std::int64_t number);
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037ULL;
};

/// Which layers of two reports are one and the same, each in at most one pair; by index before.
/// Names come first, where they are not numbers that an exporter counted; then equal structure in
/// equal order; then equal operators behind the same layer.
[[nodiscard]] Pairs match(std::span<const LayerKey> before, std::span<const LayerKey> after);

}  // namespace roofline::report
