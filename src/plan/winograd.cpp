// Owns Winograd's minimal filtering algorithms: their tiles, the FLOPs of their transforms, and the
// bytes that these add. Refuses to choose between tiles: runtimes and scenarios do.
// The form: A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
#include "winograd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "contractions.hpp"

namespace roofline::plan {
namespace {

// FLOPs of the transforms of one axis, a multiplication and an addition being one each, for the
// points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity as far as a tile needs them. Sums and differences
// of what a pair of points p and -p shares are computed once. (Lavin and Gray count instructions,
// where a multiply-add is one: 13 and 10 for F(4,3).)
//
// Input of 4 points: d0 - d2, d1 + d2, d2 - d1, d1 - d3                                           4
// Input of 6 points: 4 d0 - 5 d2 + d4 and 4 d1 - 5 d3 + d5                                  4 each
//                    (d4 - 4 d2) +- (d3 - 4 d1)                                          2 + 2 + 2
//                    (d4 - d2) +- 2 (d3 - d1)                                        1 + 2 + 2: 19
// Input of 8 points: d0 - d6 + 5.25 (d4 - d2) and d7 - d1 + 5.25 (d3 - d5)                  4 each
//                    (d2 + d6 - 4.25 d4) +- (d1 + d5 - 4.25 d3)                          3 + 3 + 2
//                    (d6 + d2 / 4 - 1.25 d4) +- (d1 / 2 - 2.5 d3 + 2 d5)                 4 + 5 + 2
//                    (d6 + 4 (d2 - 1.25 d4)) +- (2 d1 - 2.5 d3 + d5 / 2)             4 + 5 + 2: 38
// Output of F(2,3):  m0 + m1 + m2, m1 - m2 - m3                                                   4
// Output of F(4,3):  s1 = m1 + m2, d1 = m1 - m2, s2 = m3 + m4, d2 = m3 - m4                       4
//                    m0 + s1 + s2, d1 + 2 d2, s1 + 4 s2, d1 + 8 d2 + m5     2 + 2 + 2 + 3: 13
// Output of F(6,3):  six sums and differences, six results of 4 each:                            30
// Output of F(2,5):  m0 + m1 + m2 + m3 + m4, (m1 - m2) + 2 (m3 - m4) + m5                  4 + 5: 9
constexpr std::array kTiles = {
    WinogradTile{.results = 2, .taps = 3, .to_points = 4, .to_results = 4},
    WinogradTile{.results = 2, .taps = 5, .to_points = 19, .to_results = 9},
    WinogradTile{.results = 4, .taps = 3, .to_points = 19, .to_results = 13},
    WinogradTile{.results = 6, .taps = 3, .to_points = 38, .to_results = 30},
};

}  // namespace

Count scaled(Count bytes, double factor) {
  return static_cast<std::int64_t>(std::llround(bytes.as_double() * factor));
}

std::string WinogradTile::name() const { return fmt::format("F({0}x{0},{1}x{1})", results, taps); }

std::span<const WinogradTile> winograd_tiles() { return kTiles; }

std::string no_winograd(const Step& step) {
  const ops::Contraction* c = step.work.contraction.get();
  if (c == nullptr || step.cls != ops::OpClass::kConv) return "no convolution";
  const bool known = c->kernel.size() == 2 && c->kernel[0] == c->kernel[1] &&
                     (c->kernel[0] == 3 || c->kernel[0] == 5);
  if (!known) return fmt::format("kernel {}: 3x3 or 5x5 is needed", fmt::join(c->kernel, "x"));
  if (!all_one(c->stride)) return fmt::format("stride {}: 1 is needed", fmt::join(c->stride, "x"));
  if (!all_one(c->dilation)) {
    return fmt::format("dilation {}: 1 is needed", fmt::join(c->dilation, "x"));
  }
  if (c->groups != 1) return fmt::format("{} groups: one is needed", c->groups);
  return {};
}

bool transform_weights(const WinogradTile& tile, Step& step, Plan& plan) {
  const ops::Contraction& c = *step.work.contraction;
  for (BufferAccess& access : step.accesses) {
    Buffer& buffer = plan.buffers[static_cast<std::size_t>(access.buffer)];
    if (!buffer.is_weight || access.bytes < Count(c.k) * Count(c.n)) continue;
    access.bytes = scaled(access.bytes, tile.points() / (tile.taps * tile.taps));
    buffer.bytes = access.bytes;
    return true;
  }
  return false;
}

void add_workspace(Count bytes, Step& step, Plan& plan) {
  Buffer like = {.dtype = ir::DType::kFloat32};
  for (const BufferAccess& access : step.accesses) {
    const Buffer& buffer = plan.buffers[static_cast<std::size_t>(access.buffer)];
    if (buffer.is_weight) continue;
    if (like.tensor == ir::kNoTensor) like.dtype = buffer.dtype;
    like.tensor = buffer.tensor;
  }
  const auto workspace = static_cast<BufferId>(plan.buffers.size());
  plan.buffers.push_back({.tensor = like.tensor, .dtype = like.dtype, .bytes = bytes});
  step.accesses.push_back({workspace, true, bytes});
  step.accesses.push_back({workspace, false, bytes});
}

}  // namespace roofline::plan
