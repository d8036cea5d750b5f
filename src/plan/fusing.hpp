#pragma once
#include <bitset>
#include <cstdint>

namespace roofline::plan {

/// Kinds of fusion that a what-if adds to those of a runtime, or takes away.
enum class Fusing : std::uint8_t {
  kNorm,           ///< BatchNormalization, into the weights of the contraction before it
  kBias,           ///< an Add of a constant along the channels, into that contraction
  kActivation,     ///< into the kernel before it
  kResidual,       ///< the Add of two branches, into the convolution of one
  kElementwise,    ///< chains of pointwise operators
  kLayerNorm,      ///< norms, Softmax and Gelu that are spelled out in pieces
  kAttention,      ///< products, mask and Softmax
  kSqueezeExcite,  ///< global pool, two small products, activations
  kShuffle,        ///< channel shuffles, into their neighbours
  kQdq,            ///< operators between DequantizeLinear and QuantizeLinear
  kConcat,         ///< parts of a Concat, Split or Slice lie where the whole does
  kConstants,      ///< what depends on constants alone
};
inline constexpr std::size_t kFusings = 12;
using Fusings = std::bitset<kFusings>;

/// What changes in the passes that a runtime has of its own.
struct FusingChange {
  Fusings added = {};
  Fusings taken = {};

  /// Whether a pass runs that would where `usual` says so.
  [[nodiscard]] bool runs(Fusing kind, bool usual) const {
    const auto bit = static_cast<std::size_t>(kind);
    return (usual || added[bit]) && !taken[bit];
  }
};

}  // namespace roofline::plan
