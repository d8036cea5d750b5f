// Owns the choice of which consecutive layers are computed tile by tile, and how high tiles are.
// Refuses to know what layers compute: rows, bytes and FLOPs decide.
#include "tile_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace roofline::plan {
namespace {

/// Of saved bytes, against the time that they take: decides between equal times only.
constexpr double kWorthOfBytes = 1e-6;
/// Share of a cache up to which weights beside a tile stay there: the miss rate is 1/17 then.
constexpr double kKeptShare = 0.5;

/// Heights that make 1, 2, 3, 4, 6, 8, 12, ... tiles of so many rows, each once.
std::vector<double> heights(double rows) {
  std::vector<double> found;
  const auto add = [&](double tiles) {
    const double height = std::ceil(rows / tiles);
    if (tiles <= rows && (found.empty() || height < found.back())) found.push_back(height);
  };
  for (double tiles = 1; tiles <= rows; tiles *= 2) {
    add(tiles);
    if (tiles >= 2) add(tiles * 3 / 2);
  }
  return found;
}

/// Grows one segment to the front, from its last layer on, at one height of tiles.
class Growth {
 public:
  Growth(const std::vector<TileLayer>& run, const TileMachine& machine, std::size_t last,
         double height)
      : run_(run), machine_(machine), last_(static_cast<int>(last)), height_(height) {
    tiles_ = std::ceil(run[last].rows / height) * run[last].items;
  }

  /// False where so few tiles are none, or leave cores idle.
  [[nodiscard]] bool has_tiles() const { return tiles_ >= 2 && tiles_ >= machine_.parallel; }

  /// Adds the layer in front. False where that ends the segment.
  bool extend() {
    const int next = last_ - static_cast<int>(parts_.size());
    if (next < 0) return false;
    const TileLayer& layer = run_[static_cast<std::size_t>(next)];
    if (layer.items != run_[static_cast<std::size_t>(last_)].items) return false;
    const std::optional<Reach> need = need_of(next);
    if (!need) return false;
    add(next, layer, *need);
    const double kept = footprint() + all_weights();
    keeps_weights_ = kept <= kKeptShare * machine_.budget;
    reuse_ = keeps_weights_ ? kept : footprint() + most_weights_;
    return reuse_ <= machine_.budget;
  }

  [[nodiscard]] TileSegment segment() const {
    TileSegment s = {.first = static_cast<std::size_t>(last_) + 1 - parts_.size(),
                     .last = static_cast<std::size_t>(last_),
                     .height = height_,
                     .tiles = tiles_,
                     .starts = std::ceil(tiles_ / machine_.parallel),
                     .keeps_weights = keeps_weights_,
                     .reuse_bytes = reuse_,
                     .weight_reuse_bytes = footprint() + all_weights()};
    for (int k = static_cast<int>(s.first); k <= last_; ++k) price(k, s);
    return s;
  }

  /// No less than the segment is worth: all that it hands on stays on the chip, nothing is computed
  /// twice.
  [[nodiscard]] double most_worth() const {
    const double starts = std::ceil(tiles_ / machine_.parallel) - 1;
    return (1 + kWorthOfBytes) * handed_on_ / machine_.bytes_per_s -
           static_cast<double>(parts_.size()) * starts * machine_.start_s;
  }

  /// For each layer, the first one first, how much of its result is computed.
  [[nodiscard]] std::vector<double> computed() const {
    std::vector<double> shares;
    for (auto p = parts_.rbegin(); p != parts_.rend(); ++p) shares.push_back(p->computed);
    return shares;
  }

 private:
  struct Part {
    Reach need;           ///< of the layer's result, for rows of the last one
    double tile_bytes;    ///< of its result
    double live_bytes;    ///< while it runs
    double computed = 1;  ///< share of the result, overlaps included
  };

  /// Parts are kept from the last layer to the first.
  [[nodiscard]] const Part& part(int layer) const {
    return parts_[static_cast<std::size_t>(last_ - layer)];
  }
  [[nodiscard]] bool holds(int layer) const {
    return layer >= 0 && last_ - layer < static_cast<int>(parts_.size());
  }

  [[nodiscard]] std::optional<Reach> need_of(int k) const {
    if (k == last_) return Reach{};
    const int last_reader = run_[static_cast<std::size_t>(k)].last_reader;
    if (last_reader > last_ || last_reader <= k) return std::nullopt;
    std::optional<Reach> need;
    for (int t = k + 1; t <= last_reader; ++t) {
      for (const TileRead& read : run_[static_cast<std::size_t>(t)].reads) {
        if (read.from != k) continue;
        if (!read.reach) return std::nullopt;
        const Reach own = compose(part(t).need, *read.reach);
        need = need ? hull(*need, own) : own;
        if (!need) return std::nullopt;
      }
    }
    return need;
  }

  [[nodiscard]] double rows(const Reach& need, double of) const {
    const double wanted =
        static_cast<double>(need.stride) * height_ + static_cast<double>(need.after - need.before);
    return std::clamp(wanted, 0.0, of);
  }

  /// Bytes in a tile of an operand that layer `t` reads. Its rows follow from those of the result:
  /// borders are left out, so that an operand has `stride` times the rows.
  [[nodiscard]] double operand_bytes(int t, const TileRead& read) const {
    const Reach need = compose(part(t).need, *read.reach);
    const TileLayer& layer = run_[static_cast<std::size_t>(t)];
    const double all = layer.rows * static_cast<double>(read.reach->stride);
    return read.bytes / layer.items * rows(need, all) / all;
  }

  void add(int k, const TileLayer& layer, const Reach& need) {
    Part added = {
        .need = need,
        .tile_bytes = layer.result_bytes / layer.items * rows(need, layer.rows) / layer.rows,
        .live_bytes = 0};
    added.computed = times_read(need, layer.rows, tiles_ / layer.items);
    parts_.push_back(added);
    double weights = layer.weight_bytes;
    for (const TileRead& read : layer.reads) {
      if (read.reach)
        parts_.back().live_bytes += operand_bytes(k, read);
      else
        weights += read.bytes;
    }
    weights_ += weights;
    most_weights_ = std::max(most_weights_, weights);
    // Its readers had it as an operand from outside.
    const int last_reader = k == last_ ? k : layer.last_reader;
    if (k < last_) handed_on_ += layer.result_bytes * layer.result_missed;
    for (int t = k; t <= last_reader; ++t) {
      Part& reader = parts_[static_cast<std::size_t>(last_ - t)];
      reader.live_bytes += added.tile_bytes;
      for (const TileRead& read : run_[static_cast<std::size_t>(t)].reads) {
        if (t == k || read.from != k) continue;
        reader.live_bytes -= operand_bytes(t, read);
        handed_on_ += read.bytes * read.missed;
      }
      tile_bytes_ = std::max(tile_bytes_, reader.live_bytes);
    }
  }

  [[nodiscard]] double footprint() const { return machine_.parallel * tile_bytes_; }
  [[nodiscard]] double all_weights() const {
    return weights_ * (machine_.shared ? 1 : machine_.parallel);
  }

  [[nodiscard]] double missed(double share, double distance) const {
    return hardware::miss_rate(share * machine_.capacity, distance,
                               machine_.terms.residency_sharpness);
  }

  /// Adds what one layer saves and costs.
  void price(int k, TileSegment& s) const {
    const TileLayer& layer = run_[static_cast<std::size_t>(k)];
    const double on_chip = missed(machine_.terms.activation_residency, reuse_);
    const double again = keeps_weights_ ? 0
                                        : (tiles_ - 1) * missed(machine_.terms.weight_residency,
                                                                footprint() + all_weights());
    double before = layer.result_bytes * layer.result_missed;
    double after =
        k == last_ ? before : layer.result_bytes * std::min(on_chip, layer.result_missed);
    before += layer.weight_bytes * layer.weight_missed;
    after += layer.weight_bytes * (layer.weight_missed + again);
    for (const TileRead& read : layer.reads) {
      before += read.bytes * read.missed;
      if (!read.reach)
        after += read.bytes * (read.missed + again);
      else
        after += read.bytes * (holds(read.from) ? std::min(on_chip, read.missed) : read.missed);
    }
    const double computed = part(k).computed;
    const double rate = layer.flops_per_s;
    const double compute_s = rate > 0 ? layer.flops / rate : 0;
    s.flops += layer.flops;
    s.extra_flops += layer.flops * (computed - 1);
    s.saved_bytes += before - after;
    s.saved_s += std::max(compute_s, before / machine_.bytes_per_s) -
                 std::max(compute_s * computed, after / machine_.bytes_per_s) -
                 (s.starts - 1) * machine_.start_s;
  }

  const std::vector<TileLayer>& run_;
  const TileMachine& machine_;
  int last_;
  double height_;
  double tiles_ = 1;
  std::vector<Part> parts_ = {};
  double tile_bytes_ = 0;  ///< the most that is live in a tile
  double handed_on_ = 0;   ///< bytes that main memory sees of what stays, without tiles
  double weights_ = 0;
  double most_weights_ = 0;  ///< of one layer
  bool keeps_weights_ = false;
  double reuse_ = 0;
};

double worth(const TileSegment& s, const TileMachine& machine) {
  return s.saved_s + kWorthOfBytes * s.saved_bytes / machine.bytes_per_s;
}

/// What is known of the run up to a layer.
struct Best {
  double worth = 0;
  std::optional<TileSegment> segment = {};  ///< that ends with the layer; nullopt: it runs alone
};

}  // namespace

double times_read(const Reach& need, double rows, double tiles) {
  const double overlap = static_cast<double>(need.overlap());
  return std::min(1 + (tiles - 1) * overlap / rows, tiles);
}

std::vector<TileSegment> choose_segments(const std::vector<TileLayer>& run,
                                         const TileMachine& machine) {
  std::vector<Best> best(run.size() + 1);
  for (std::size_t last = 0; last < run.size(); ++last) {
    best[last + 1].worth = best[last].worth;
    for (const double height : heights(run[last].rows)) {
      Growth growth(run, machine, last, height);
      if (!growth.has_tiles()) continue;
      for (std::size_t length = 1; length <= kLongestSegment && growth.extend(); ++length) {
        if (length == 1) continue;
        const std::size_t first = last + 1 - length;
        if (best[first].worth + growth.most_worth() <= best[last + 1].worth) continue;
        TileSegment segment = growth.segment();
        if (segment.saved_bytes < 1 || segment.saved_s < 0) continue;
        const double total = best[segment.first].worth + worth(segment, machine);
        if (total <= best[last + 1].worth) continue;
        segment.computed = growth.computed();
        best[last + 1] = {total, std::move(segment)};
      }
    }
  }
  std::vector<TileSegment> chosen;
  for (std::size_t end = run.size(); end > 0;) {
    std::optional<TileSegment>& segment = best[end].segment;
    if (!segment) {
      --end;
      continue;
    }
    end = segment->first;
    chosen.push_back(*std::move(segment));
  }
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace roofline::plan
