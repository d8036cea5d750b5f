// Owns: every scenario, and a pair of them, on a model that loads: priced and written, or refused
// with an Error.
// Refuses every other exception, memory error, undefined behaviour and hang.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>

#include "roofline/base/count.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/render.hpp"

namespace {

using roofline::Scenario;

constexpr std::array kAsked = {
    "prune:0.5",
    "round-channels:8",
    "low-rank:0.25",
    "depthwise",
    "bottleneck:0.25",
    "reparameterize",
    "resolution:64",
    "batch:3",
    "fuse",
    "unfuse",
    "precision:fp16",
    "precision:int8",
    "weights:int4",
    "winograd",
    "im2col",
    "sparsity:2:4",
    "align:16",
    "tile",
    "graphs",
    "sparsity:0.9,format=bitmap",
};
constexpr std::array kRuntimes = {"basic", "onnxruntime:all", "tensorrt", "ncnn"};

void price(std::span<const std::uint8_t> data) {
  static const roofline::hardware::Profile kMachine =
      roofline::hardware::load_file(ROOFLINE_ROOT "/hardware_profiles/v100.yaml");
  const auto model = roofline::onnx_io::load(data, "fuzz", roofline::onnx_io::Digest::kSkip);
  roofline::Request request;
  request.hardware = {&kMachine};
  request.plan.runtime = kRuntimes.at(data.size() % kRuntimes.size());
  const roofline::WhatIf what_if(model, request);
  const char* before = kAsked.back();
  for (const char* asked : kAsked) {
    for (const std::vector<Scenario>& scenarios :
         {std::vector{Scenario::parse(asked)},
          std::vector{Scenario::parse(before), Scenario::parse(asked)}}) {
      try {
        std::ostringstream out;
        roofline::report::render_json(what_if.with(scenarios), out);
      } catch (const roofline::Error&) {  // NOLINT(bugprone-empty-catch): one of the two answers
      } catch (const roofline::OverflowError&) {  // NOLINT(bugprone-empty-catch)
      }
    }
    before = asked;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    price(std::span(data, size));
  } catch (const roofline::Error&) {          // NOLINT(bugprone-empty-catch)
  } catch (const roofline::OverflowError&) {  // NOLINT(bugprone-empty-catch)
  }
  return 0;
}
