// Owns the cost of channels that are computed and stored beside those of the model: zeros.
// Refuses to pad the model's inputs and outputs: their readers and writers pad on the chip.
#include "channel_padding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace roofline::plan {
namespace {

std::int64_t rounded(std::int64_t channels, std::int64_t multiple) {
  return (channels + multiple - 1) / multiple * multiple;
}

double ratio(std::int64_t after, std::int64_t before) {
  return static_cast<double>(after) / static_cast<double>(before);
}

std::int64_t taps_of(const ops::Contraction& c) {
  return std::accumulate(c.kernel.begin(), c.kernel.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

std::string describe(const PaddedChannels& channels) {
  std::string text;
  constexpr std::array kSides = {"in", "out"};
  for (std::size_t i = 0; i < kSides.size(); ++i) {
    if (channels.before[i] == channels.after[i]) continue;
    text += fmt::format("{}{} -> {} channels {}", text.empty() ? "" : ", ", channels.before[i],
                        channels.after[i], kSides[i]);
  }
  return text + fmt::format(": +{:.3g} % FLOPs", 100 * (channels.factor - 1));
}

PaddedChannels ChannelPadding::pad(Step& step, std::int64_t multiple, std::int64_t block) {
  ops::Contraction c = executed_contraction(step);
  const std::int64_t taps = taps_of(c);
  PaddedChannels channels{};
  double done = 1;  // by rounding to `block`
  const auto round = [&](std::int64_t& size, std::int64_t unit) {
    const std::int64_t before = size / unit;
    size = unit * rounded(before, multiple);
    done *= ratio(rounded(before, block), before);
    channels.factor *= ratio(size / unit, before);
    return std::array{before, size / unit};
  };
  if (taps <= 0 || c.k < taps || c.n <= 0) return {.before = {c.k, c.n}, .after = {c.k, c.n}};
  const bool depthwise = c.groups > 1 && c.n == 1 && c.k == taps;
  if (depthwise) {
    const auto [before, after] = round(c.groups, 1);
    c.batch = c.batch / before * after;
    channels.before = {before, before};
    channels.after = {after, after};
  } else {
    const auto in = round(c.k, taps);
    const auto out = round(c.n, 1);
    channels.before = {in[0], out[0]};
    channels.after = {in[1], out[1]};
  }
  if (channels.factor == 1) return channels;
  grow_operands(step, channels);
  scale_product(channels.factor, std::move(c), "padded channels", step);
  step.kernel.work /= std::min(done, channels.factor);
  return channels;
}

void ChannelPadding::grow(BufferId buffer, double factor) {
  const Buffer& b = plan_.buffers[static_cast<std::size_t>(buffer)];
  if (factor == 1 || b.is_input || b.is_output) return;
  double& most = factors_.try_emplace(buffer, 1).first->second;
  most = std::max(most, factor);
}

void ChannelPadding::grow_operands(const Step& step, const PaddedChannels& channels) {
  const double in = ratio(channels.after[0], channels.before[0]);
  const double out = ratio(channels.after[1], channels.before[1]);
  const std::vector<std::size_t> matrices = weight_matrices(draft_, plan_, step);
  int activations = 0;
  for (std::size_t i = 0; i < step.accesses.size(); ++i) {
    const BufferAccess& access = step.accesses[i];
    const bool weight = plan_.buffers[static_cast<std::size_t>(access.buffer)].is_weight;
    if (access.is_write) {
      grow(access.buffer, out);
    } else if (!weight) {
      // The first operand; the second of a product of activations; then residuals, which their
      // producers pad.
      const bool matrix = ++activations == 2 && matrices.empty();
      if (activations == 1 || matrix) grow(access.buffer, matrix ? in * out : in);
    } else if (std::find(matrices.begin(), matrices.end(), i) != matrices.end()) {
      grow(access.buffer, channels.factor);
    }
  }
}

void ChannelPadding::apply() {
  const auto scaled = [](Count bytes, double factor) {
    return Count(std::llround(bytes.as_double() * factor));
  };
  for (const auto& [id, factor] : factors_) {
    Buffer& buffer = plan_.buffers[static_cast<std::size_t>(id)];
    if (buffer.bytes) buffer.bytes = scaled(*buffer.bytes, factor);
  }
  if (factors_.empty()) return;
  for (Step& step : plan_.steps) {
    for (BufferAccess& access : step.accesses) {
      const auto found = factors_.find(access.buffer);
      if (found != factors_.end()) access.bytes = scaled(access.bytes, found->second);
    }
  }
}

}  // namespace roofline::plan
