// Owns hand-derived MACs of transformer and generative graphs: docs/workloads.md shows them.
// Refuses tolerances: the tool's count has to be the derived one.
#include <gtest/gtest.h>

#include <vector>

#include "roofline/pipeline/analyze.hpp"

namespace roofline {
namespace {

std::int64_t macs(const std::string& model, const std::map<std::string, std::int64_t>& dims) {
  Request request;
  request.bindings.dims = dims;
  const report::Report r =
      analyze(std::string(ROOFLINE_ROOT) + "/models/" + model + ".onnx", request);
  EXPECT_TRUE(r.totals.complete) << model;
  return r.totals.macs.value();
}

/// One transformer layer of `width`: queries, keys, values and projection (4 w^2 per token), two
/// products of every token with the `seen` tokens (w each), and a network four times as wide.
std::int64_t layer(std::int64_t tokens, std::int64_t seen, std::int64_t width) {
  return 4 * tokens * width * width + 2 * tokens * seen * width + 8 * tokens * width * width;
}

TEST(Workload, Bert) {
  // The pooler multiplies the first token once.
  EXPECT_EQ(macs("bert_base", {{"batch", 1}, {"sequence", 128}}),
            12 * layer(128, 128, 768) + 768 * 768);
  EXPECT_EQ(macs("bert_large", {{"batch", 1}, {"sequence", 128}}),
            24 * layer(128, 128, 1024) + 1024 * 1024);
}

TEST(Workload, Gpt2) {
  constexpr std::int64_t kLogits = 768LL * 50257;  // per token
  // Under the causal mask half of the scores is thrown away, after it was computed.
  EXPECT_EQ(macs("gpt2_prefill", {{"batch", 1}, {"sequence", 128}}),
            12 * layer(128, 128, 768) + 128 * kLogits);
  // One new token sees 512 earlier ones and itself.
  EXPECT_EQ(macs("gpt2_decode", {{"batch", 1}, {"past", 512}}), 12 * layer(1, 513, 768) + kLogits);
}

/// One token of TinyLlama: 32 query heads share 4 key heads of 64; three matrices to 5632 and back.
std::int64_t llama(std::int64_t seen) {
  constexpr std::int64_t kWidth = 2048;
  const std::int64_t projections = 2 * kWidth * kWidth + 2 * kWidth * (4 * 64);
  const std::int64_t attention = 2 * seen * (32 * 64);
  const std::int64_t network = 3 * kWidth * 5632;
  return 22 * (projections + attention + network) + kWidth * 32000;
}

TEST(Workload, Llama) {
  EXPECT_EQ(macs("llama_decoder", {{"batch", 1}, {"sequence", 1}, {"past", 512}}), llama(513));
  // The same with weights of 4 bits: as many MACs, on a quarter of an fp16 model's bytes.
  EXPECT_EQ(macs("llama_int4", {{"batch_size", 1},
                                {"sequence_length", 1},
                                {"past_sequence_length", 512},
                                {"total_sequence_length", 513}}),
            llama(513));
}

TEST(Workload, Whisper) {
  // Two convolutions of 3 taps, the second at every other step; then 1500 frames.
  const std::int64_t convolutions = 3000LL * 512 * (80 * 3) + 1500LL * 512 * (512 * 3);
  const std::int64_t cross_keys_and_values = 6 * 2 * 1500LL * 512 * 512;
  EXPECT_EQ(macs("whisper_encoder", {{"batch", 1}}),
            convolutions + 6 * layer(1500, 1500, 512) + cross_keys_and_values);
  // A token sees 224 earlier ones and itself, then the 1500 frames: query, projection, scores.
  const std::int64_t cross = 2 * 512 * 512 + 2 * 1500 * 512;
  EXPECT_EQ(macs("whisper_decoder", {{"batch", 1}, {"past", 224}}),
            6 * (layer(1, 225, 512) + cross) + 512LL * 51865);
}

TEST(Workload, VisionTransformer) {
  // 14 x 14 patches of 16 x 16 pixels, and the class token.
  const std::int64_t patches = 14 * 14 * 768LL * (3 * 16 * 16);
  EXPECT_EQ(macs("vit_b_16", {{"batch", 1}}), patches + 12 * layer(197, 197, 768) + 768 * 1000);
}

TEST(Workload, DcganGenerator) {
  // Transposed convolutions: every input pixel meets 4 x 4 taps of every output channel.
  constexpr std::int64_t kTaps = 4 * 4;
  EXPECT_EQ(macs("dcgan_generator", {{"batch", 1}}),
            kTaps * (1 * 1 * 100 * 512 + 4 * 4 * 512 * 256 + 8 * 8 * 256 * 128 +
                     16 * 16 * 128 * 64 + 32 * 32 * 64 * 3));
}

/// Two 3x3 convolutions, the projection of the time, and a 1x1 where the channels change.
std::int64_t residual(std::int64_t pixels, std::int64_t in, std::int64_t out) {
  const std::int64_t skip = in == out ? 0 : pixels * in * out;
  return pixels * 9 * in * out + 1280 * out + pixels * 9 * out * out + skip;
}

/// Attention of the pixels to each other and to 77 words of 768, and a gated network.
std::int64_t transformer(std::int64_t pixels, std::int64_t w) {
  const std::int64_t borders = 2 * pixels * w * w;  // 1x1 in and out
  const std::int64_t to_self = 4 * pixels * w * w + 2 * pixels * pixels * w;
  const std::int64_t to_text = 2 * pixels * w * w + 2 * 77 * 768 * w + 2 * pixels * 77 * w;
  const std::int64_t network = pixels * w * (8 * w) + pixels * (4 * w) * w;
  return borders + to_self + to_text + network;
}

TEST(Workload, StableDiffusionUNet) {
  const std::vector<std::int64_t> widths = {320, 640, 1280, 1280};
  const std::vector<std::int64_t> pixels = {64 * 64, 32 * 32, 16 * 16, 8 * 8};
  std::int64_t sum = 320 * 1280 + 1280 * 1280;  // the time's embedding
  sum += pixels[0] * 9 * 4 * 320 * 2;           // first and last convolution
  std::vector<std::int64_t> skips = {320};      // channels kept for the way up
  std::int64_t channels = 320;
  for (std::size_t level = 0; level < 4; ++level) {  // down: two blocks, then half the size
    for (int block = 0; block < 2; ++block) {
      sum += residual(pixels[level], channels, widths[level]);
      if (level < 3) sum += transformer(pixels[level], widths[level]);
      skips.push_back(channels = widths[level]);
    }
    if (level == 3) break;
    sum += pixels[level + 1] * 9 * channels * channels;
    skips.push_back(channels);
  }
  sum += 2 * residual(pixels[3], 1280, 1280) + transformer(pixels[3], 1280);
  for (std::size_t level = 4; level-- > 0;) {  // up: three blocks, then twice the size
    for (int block = 0; block < 3; ++block) {
      sum += residual(pixels[level], channels + skips.back(), widths[level]);
      skips.pop_back();
      if (level < 3) sum += transformer(pixels[level], widths[level]);
      channels = widths[level];
    }
    if (level > 0) sum += pixels[level - 1] * 9 * channels * channels;
  }
  EXPECT_EQ(macs("stable_diffusion_unet", {{"batch", 1}}), sum);
}

}  // namespace
}  // namespace roofline
