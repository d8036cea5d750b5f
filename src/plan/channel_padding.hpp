#pragma once
#include <map>

#include "contractions.hpp"

namespace roofline::plan {

/// Channels of a product before and after rounding: [in, out], or groups of a depthwise one as
/// both.
struct PaddedChannels {
  std::array<std::int64_t, 2> before;
  std::array<std::int64_t, 2> after;
  double factor = 1;  ///< on executed FLOPs
};

/// "3 -> 8 channels in: +167 % FLOPs"
[[nodiscard]] std::string describe(const PaddedChannels& channels);

/// Rounds channels of products up, in what they compute and in the activations between them.
class ChannelPadding {
 public:
  ChannelPadding(const Draft& draft, Plan& plan) : draft_(draft), plan_(plan) {}
  /// Rounds the channels of a product to multiples of `multiple`. `block`: what its work is rounded
  /// to already. Activations and weights follow in apply().
  PaddedChannels pad(Step& step, std::int64_t multiple, std::int64_t block);
  /// Scales the bytes of buffers and of every access to them. Inputs and outputs of the model stay.
  void apply();

 private:
  void grow(BufferId buffer, double factor);
  void grow_operands(const Step& step, const PaddedChannels& channels);

  const Draft& draft_;
  Plan& plan_;
  std::map<BufferId, double> factors_ = {};
};

}  // namespace roofline::plan
