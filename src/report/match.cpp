// Owns which layers of two reports stand for each other.
// Refuses to compare what they cost.
#include "match.hpp"

#include <unordered_map>

#include "names.hpp"
#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// True for "Conv_12", "/encoder/Add_3", "conv2d_4" and "Relu#7": the number changes when a node is
/// inserted.
bool is_numbered(const LayerKey& key) {
  const std::string_view last = key.name.substr(key.name.rfind('/') + 1);
  const std::size_t digits = last.find_last_not_of("0123456789") + 1;
  if (digits == 0 || digits == last.size()) return false;
  if (last[digits - 1] != '_' && last[digits - 1] != '#') return false;
  std::string words = to_lower(last.substr(0, digits - 1));
  std::erase(words, '_');  // batch_normalization_4
  return words.find(to_lower(key.op)) != std::string::npos;
}

class Matcher {
 public:
  Matcher(std::span<const LayerKey> before, std::span<const LayerKey> after)
      : before_(before),
        after_(after),
        partner_before_(before.size(), kNone),
        partner_after_(after.size(), kNone) {}

  Pairs run() {
    by_name();
    by_key([](const LayerKey& key, std::size_t) { return key.structure; });
    by_key([](const LayerKey& key, std::size_t behind) {
      return Hash()
          .add(static_cast<std::int64_t>(key.kind))
          .add(static_cast<std::int64_t>(behind))
          .value();
    });
    Pairs pairs;
    for (std::size_t b = 0; b < before_.size(); ++b) {
      if (partner_before_[b] != kNone) pairs.emplace_back(b, partner_before_[b]);
    }
    return pairs;
  }

 private:
  /// Index of every name; kNone for one that several layers have, or that tells nothing.
  static std::unordered_map<std::string_view, std::size_t> names(std::span<const LayerKey> layers) {
    std::unordered_map<std::string_view, std::size_t> index;
    index.reserve(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto [entry, is_new] = index.try_emplace(layers[i].name, i);
      if (!is_new || layers[i].name.empty() || is_numbered(layers[i])) entry->second = kNone;
    }
    return index;
  }

  void by_name() {
    const auto index = names(after_);
    for (const auto& [name, b] : names(before_)) {
      const auto found = index.find(name);
      if (b != kNone && found != index.end() && found->second != kNone) pair(b, found->second);
    }
  }

  /// Layers of one side that have no partner yet.
  struct Rest {
    std::vector<std::size_t> index;
    std::vector<std::uint64_t> keys;
  };
  /// `number(i)` is that of a matched layer: the same for both partners.
  template <class Key, class Number>
  static Rest rest(std::span<const LayerKey> layers, const std::vector<std::size_t>& partners,
                   Key key, Number number) {
    Rest left;
    std::size_t behind = kNone;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (partners[i] != kNone) {
        behind = number(i);
        continue;
      }
      left.index.push_back(i);
      left.keys.push_back(key(layers[i], behind));
    }
    return left;
  }

  /// Aligns what is left by `key(layer, number of the matched layer before it)`.
  template <class Key>
  void by_key(Key key) {
    const Rest b =
        rest(before_, partner_before_, key, [&](std::size_t i) { return partner_before_[i]; });
    const Rest a = rest(after_, partner_after_, key, [](std::size_t i) { return i; });
    for (const auto& [i, j] : align(b.keys, a.keys)) pair(b.index[i], a.index[j]);
  }

  void pair(std::size_t b, std::size_t a) {
    partner_before_[b] = a;
    partner_after_[a] = b;
  }

  std::span<const LayerKey> before_, after_;
  std::vector<std::size_t> partner_before_, partner_after_;
};

}  // namespace

Hash& Hash::add(std::string_view text) {
  // FNV-1a; the length keeps "ab","c" and "a","bc" apart.
  for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return add(static_cast<std::int64_t>(text.size()));
}

Hash& Hash::add(std::int64_t number) {
  value_ = (value_ ^ static_cast<std::uint64_t>(number)) * 1099511628211ULL;
  value_ ^= value_ >> 32U;
  return *this;
}

Pairs match(std::span<const LayerKey> before, std::span<const LayerKey> after) {
  return Matcher(before, after).run();
}

}  // namespace roofline::report
