// Owns the synthetic convolutions: chains of one or two sizes, by the kernel that runs them.
// Refuses other operators between them: synthetic_block.cpp has those.
#include <fmt/format.h>

#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

/// `convs`, one behind the other, `repeats` times.
struct Chain {
  Dims image;
  std::vector<ConvSize> convs;
  int repeats = 1;
  std::int64_t batch = 1;
};

std::string size_text(const ConvSize& size) {
  std::string text = fmt::format("{}-{}", size.in, size.out);
  if (product(size.kernel) > 1) text += "k" + dims_text(size.kernel);
  if (size.stride > 1) text += fmt::format("s{}", size.stride);
  if (size.group > 1) text += fmt::format("g{}", size.group);
  if (size.dilation > 1) text += fmt::format("d{}", size.dilation);
  return text;
}

onnx_io::ModelSketch chain_model(std::string_view family, const Chain& chain) {
  std::string name = fmt::format("{}_b{}_{}", family, chain.batch, dims_text(chain.image));
  for (const ConvSize& size : chain.convs) name += "_" + size_text(size);
  Sketch sketch(fmt::format("{}_x{}", name, chain.repeats));
  Dims dims = {chain.batch, chain.convs.front().in};
  dims.insert(dims.end(), chain.image.begin(), chain.image.end());
  std::string x = sketch.input(std::move(dims));
  for (int i = 0; i < chain.repeats; ++i) {
    for (const ConvSize& size : chain.convs) x = conv(sketch, x, size);
  }
  sketch.sink(x);
  return sketch.take();
}

Sketches chain_models(std::string_view family, const std::vector<Chain>& chains) {
  Sketches sketches;
  for (const Chain& chain : chains) sketches.push_back(chain_model(family, chain));
  return sketches;
}

/// 1x1 there and back, on square images.
Chain pair(std::int64_t edge, std::int64_t a, std::int64_t b, int repeats, std::int64_t batch = 1) {
  return {{edge, edge}, {{.in = a, .out = b}, {.in = b, .out = a}}, repeats, batch};
}

Chain square(std::int64_t edge, std::int64_t in, std::int64_t out, std::int64_t kernel,
             std::int64_t stride, int repeats = 1, std::int64_t batch = 1,
             std::int64_t dilation = 1) {
  return {
      {edge, edge},
      {{.in = in, .out = out, .kernel = {kernel, kernel}, .stride = stride, .dilation = dilation}},
      repeats,
      batch};
}

Chain depthwise(std::int64_t edge, std::int64_t channels, std::int64_t kernel, std::int64_t stride,
                int repeats, std::int64_t batch = 1) {
  return {{edge, edge},
          {{.in = channels,
            .out = channels,
            .kernel = {kernel, kernel},
            .stride = stride,
            .group = channels}},
          repeats,
          batch};
}

Chain grouped(std::int64_t edge, std::int64_t channels, std::int64_t kernel, std::int64_t group,
              int repeats) {
  return {{edge, edge},
          {{.in = channels, .out = channels, .kernel = {kernel, kernel}, .group = group}},
          repeats};
}

/// Grouped 1x1 there and back.
Chain grouped_pair(std::int64_t edge, std::int64_t a, std::int64_t b, std::int64_t group,
                   int repeats) {
  return {{edge, edge},
          {{.in = a, .out = b, .group = group}, {.in = b, .out = a, .group = group}},
          repeats};
}

/// Grows the image `stride` times, or by the window where it is one pixel.
onnx_io::ModelSketch transposed(const Dims& image, std::int64_t in, std::int64_t out,
                                std::int64_t edge, std::int64_t stride) {
  Sketch s(fmt::format("transposed_{}_{}-{}k{}s{}", dims_text(image), in, out, edge, stride));
  const std::size_t rank = image.size();
  const std::int64_t pad = image.front() == 1 ? 0 : (edge - stride) / 2;
  const Dims window(rank, edge);
  Dims dims = {1, in};
  dims.insert(dims.end(), image.begin(), image.end());
  Dims weight = {in, out};
  weight.insert(weight.end(), window.begin(), window.end());
  s.sink(s.node("ConvTranspose", {s.input(dims), s.weight(weight, in * edge), s.weight({out}, 300)},
                {attr("kernel_shape", window), attr("strides", Dims(rank, stride)),
                 attr("pads", Dims(2 * rank, pad))}));
  return s.take();
}

}  // namespace

Sketches pointwise_models() {
  // From many positions and few channels to the opposite; weights from some KiB to beyond the
  // caches; channels that fill no vector (24, 48, 58); single positions, as behind a global pool.
  return chain_models("pointwise", {pair(112, 16, 96, 2),
                                    pair(56, 24, 144, 3),
                                    pair(56, 64, 256, 2),
                                    pair(56, 64, 64, 4),
                                    pair(28, 128, 512, 2),
                                    pair(28, 32, 192, 6),
                                    pair(14, 256, 1024, 3),
                                    pair(14, 64, 384, 10),
                                    pair(7, 512, 2048, 3),
                                    pair(7, 160, 960, 5),
                                    pair(28, 48, 48, 30),
                                    pair(28, 58, 58, 20),
                                    pair(224, 32, 16, 1),
                                    pair(160, 32, 64, 1),
                                    pair(7, 256, 1024, 1, 4),
                                    pair(1, 32, 8, 40),
                                    pair(1, 256, 64, 20),
                                    pair(1, 1152, 48, 10),
                                    pair(1, 960, 240, 3),
                                    square(1, 1280, 1000, 1, 1),
                                    pair(1, 480, 20, 30),
                                    square(56, 256, 512, 1, 2),
                                    square(56, 64, 128, 1, 2),
                                    pair(112, 64, 24, 1),
                                    pair(7, 512, 2048, 12),
                                    square(64, 256, 256, 1, 1, 2),
                                    square(80, 128, 128, 1, 1, 2),
                                    pair(32, 256, 1024, 1),
                                    square(1, 256, 256, 1, 1, 4, 32)});
}

Sketches dense_conv_models() {
  const auto spread = [](Dims image, std::int64_t channels, Dims kernel, int repeats) {
    return Chain{std::move(image),
                 {{.in = channels, .out = channels, .kernel = std::move(kernel)}},
                 repeats};
  };
  Chain wave = spread({1500}, 80, {3}, 1);
  wave.convs.front().out = 256;
  return chain_models(
      "conv",
      {square(112, 32, 32, 3, 1, 2),
       square(56, 64, 64, 3, 1, 2),
       square(112, 16, 16, 3, 1, 3),
       square(28, 128, 128, 3, 1, 2),
       square(14, 256, 256, 3, 1, 2),
       square(7, 512, 512, 3, 1, 3),

       square(7, 160, 160, 3, 1, 4),
       square(14, 48, 48, 3, 1, 16),
       square(28, 256, 256, 3, 1),
       square(80, 64, 64, 3, 1),
       square(160, 64, 64, 3, 1),
       square(14, 232, 232, 3, 1, 2),
       square(28, 64, 64, 5, 1, 1),
       square(56, 50, 50, 3, 1, 2),
       square(28, 48, 48, 7, 1, 1),

       square(56, 64, 128, 3, 2),
       square(28, 128, 256, 3, 2),
       square(112, 32, 64, 3, 2),

       square(28, 128, 128, 3, 1, 1, 4),

       square(28, 192, 192, 3, 1, 1, 1, 2),
       square(28, 128, 128, 3, 1, 2, 1, 4),
       square(14, 256, 256, 3, 1, 1, 1, 12),

       spread({17, 17}, 192, {1, 7}, 2),
       spread({17, 17}, 192, {7, 1}, 2),
       spread({8, 28, 28}, 32, {3, 3, 3}, 1),
       spread({8, 28, 28}, 32, {1, 3, 3}, 1),
       spread({4, 14, 14}, 128, {3, 3, 3}, 1),
       spread({8, 28, 28}, 64, {3, 1, 1}, 2),
       spread({100}, 256, {3}, 6),
       std::move(wave),
       spread({400}, 64, {9}, 6),
       spread({1500}, 128, {1}, 2),
       spread({8, 7, 7}, 256, {1, 3, 3}, 1),
       spread({4, 14, 14}, 128, {3, 1, 1}, 2),
       {{1000}, {{.in = 512, .out = 128, .kernel = {1}}, {.in = 128, .out = 512, .kernel = {1}}}},
       {{4096}, {{.in = 64, .out = 128, .kernel = {1}}, {.in = 128, .out = 64, .kernel = {1}}}},
       {{100}, {{.in = 144, .out = 288, .kernel = {1}}, {.in = 288, .out = 144, .kernel = {1}}}, 3},
       square(7, 512, 512, 3, 1, 10)});
}

Sketches first_conv_models() {
  return chain_models("first", {square(224, 3, 64, 7, 2),
                                square(224, 3, 32, 3, 2),
                                square(224, 3, 16, 3, 2),
                                square(160, 3, 64, 3, 1),
                                square(224, 3, 64, 11, 4),
                                square(224, 3, 192, 16, 16),
                                square(224, 3, 96, 4, 4),
                                square(224, 1, 16, 5, 1),
                                square(320, 3, 32, 6, 2),
                                square(112, 8, 24, 3, 1),
                                square(112, 12, 32, 3, 1),
                                {{8000}, {{.in = 1, .out = 256, .kernel = {16}, .stride = 8}}},
                                {{3000}, {{.in = 3, .out = 64, .kernel = {7}, .stride = 2}}},
                                {{8, 56, 56}, {{.in = 3, .out = 45, .kernel = {1, 7, 7}}}},
                                {{16, 32, 32}, {{.in = 1, .out = 16, .kernel = {3, 3, 3}}}}});
}

Sketches depthwise_models() {
  const auto volume = [](std::int64_t edge, std::int64_t channels, std::int64_t stride) {
    return Chain{{8, edge, edge},
                 {{.in = channels,
                   .out = channels,
                   .kernel = {3, 3, 3},
                   .stride = stride,
                   .group = channels}}};
  };
  // Working sets from some 100 KiB to past the last cache; images as narrow as 7; channels that
  // fill no vector.
  return chain_models("depthwise", {depthwise(112, 32, 3, 1, 4),
                                    depthwise(56, 144, 3, 1, 4),
                                    depthwise(112, 64, 3, 2, 1),
                                    depthwise(56, 144, 3, 2, 1),
                                    depthwise(28, 192, 3, 1, 8),
                                    depthwise(14, 384, 3, 1, 12),
                                    depthwise(28, 240, 5, 2, 1, 4),
                                    depthwise(7, 960, 3, 1, 16),
                                    depthwise(14, 672, 5, 1, 6),
                                    depthwise(7, 1152, 5, 1, 12),
                                    depthwise(28, 120, 5, 1, 8),
                                    depthwise(56, 96, 7, 1, 2),
                                    depthwise(14, 384, 7, 1, 4),
                                    depthwise(7, 768, 7, 1, 6),
                                    depthwise(56, 24, 3, 1, 8),
                                    depthwise(28, 58, 3, 1, 12),
                                    depthwise(14, 60, 3, 1, 20),
                                    depthwise(28, 90, 5, 1, 8),
                                    depthwise(112, 96, 3, 1, 3),
                                    depthwise(112, 96, 3, 2, 1, 2),
                                    depthwise(112, 96, 3, 1, 2, 2),
                                    depthwise(112, 96, 3, 1, 1, 4),
                                    depthwise(56, 192, 3, 1, 1, 8),
                                    depthwise(112, 96, 3, 1, 1, 8),
                                    depthwise(28, 192, 3, 1, 2, 8),
                                    depthwise(160, 64, 3, 1, 2),
                                    depthwise(16, 512, 9, 1, 2),
                                    volume(28, 48, 1),
                                    volume(14, 96, 1),
                                    volume(7, 192, 1),
                                    volume(28, 96, 2)});
}

Sketches grouped_conv_models() {
  Chain wide = grouped(28, 240, 1, 3, 1);
  wide.convs.front().out = 60;
  return chain_models("grouped", {grouped(56, 128, 3, 32, 2),       grouped(28, 256, 3, 32, 2),
                                  grouped(14, 512, 3, 32, 2),       grouped(7, 1024, 3, 32, 2),
                                  grouped(28, 240, 3, 2, 1),        grouped(14, 720, 3, 6, 1),
                                  grouped(28, 104, 3, 13, 4),       grouped(14, 208, 3, 26, 6),
                                  grouped(28, 64, 3, 4, 4),         grouped(28, 96, 3, 3, 3),
                                  grouped_pair(28, 48, 192, 8, 4),  grouped_pair(28, 120, 30, 3, 6),
                                  grouped_pair(14, 96, 384, 8, 6),  grouped_pair(14, 240, 60, 3, 8),
                                  grouped_pair(7, 192, 768, 8, 8),  grouped_pair(7, 480, 120, 3, 8),
                                  grouped_pair(28, 128, 256, 4, 3), grouped(28, 216, 3, 9, 2),
                                  grouped(14, 576, 3, 24, 2),       std::move(wide)});
}

Sketches transposed_conv_models() {
  // Images first, then one and three dimensions, with windows side by side.
  return {transposed({8, 8}, 256, 192, 4, 2),   transposed({64, 64}, 64, 32, 2, 2),
          transposed({16, 16}, 256, 128, 4, 2), transposed({32, 32}, 256, 128, 2, 2),
          transposed({32, 32}, 128, 64, 4, 2),  transposed({16, 16}, 512, 256, 2, 2),
          transposed({1, 1}, 100, 256, 4, 1),   transposed({32, 32}, 64, 3, 4, 2),
          transposed({4, 4}, 384, 192, 4, 2),   transposed({5, 5}, 192, 96, 4, 2),
          transposed({16, 16}, 512, 256, 4, 2), transposed({128, 128}, 64, 32, 2, 2),
          transposed({1000}, 128, 32, 8, 8),    transposed({4, 8, 8}, 64, 32, 2, 2),
          transposed({8, 16, 16}, 32, 16, 2, 2)};
}

}  // namespace roofline::calibrate
