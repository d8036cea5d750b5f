// Searches widths and resolutions of a convolutional classifier for the most work within a latency.
// The file is read once; every candidate is made and priced in memory.
// Usage: search MODEL.onnx HARDWARE_ID MILLISECONDS
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"

namespace {

using roofline::ir::Model;
using roofline::ir::Shape;

std::vector<std::uint8_t> read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Channels times `width`, a multiple of 8; image channels and classes stay.
std::int64_t scaled(std::int64_t channels, double width) {
  constexpr std::int64_t kImageChannels = 3;
  constexpr std::int64_t kClasses = 1000;
  if (channels <= kImageChannels || channels == kClasses) return channels;
  return std::max<std::int64_t>(8, std::llround(static_cast<double>(channels) * width / 8) * 8);
}

/// The model with every channel count scaled: weights are KxCxRxS, K or, of the classifier, KxC.
Model widened(const Model& base, double width) {
  Model model = base;
  for (roofline::ir::Tensor& tensor : model.graph.tensors) {
    // Declared shapes of what nodes compute no longer hold: they are inferred again.
    if (!tensor.is_input) tensor.declared.reset();
    if (!tensor.constant || !roofline::ir::is_float(tensor.constant->dtype)) continue;
    Shape& dims = tensor.constant->dims;
    for (std::size_t axis = 0; axis < dims.size() && axis < 2; ++axis) {
      dims[axis] = scaled(dims[axis], width);
    }
    tensor.constant->value.reset();  // its elements, had there been few enough to keep
  }
  return model;
}

void set_resolution(Model& model, std::int64_t resolution) {
  const auto input = static_cast<std::size_t>(model.graph.inputs.front());
  model.graph.tensors[input].declared = {{{1}, {3}, {resolution}, {resolution}}};
}

struct Candidate {
  double width;
  std::int64_t resolution;
  double macs;
  double seconds;
};

/// Throws where a candidate is no valid model: its price would mean nothing.
Candidate price(const Model& model, double width, std::int64_t resolution,
                const roofline::hardware::Profile& machine) {
  roofline::Request request;
  request.hardware = {&machine};
  const roofline::report::Report report = roofline::analyze(model, request);
  for (const roofline::Diagnostic& finding : report.diagnostics) {
    if (finding.severity != roofline::Severity::kNote) {
      throw roofline::Error(roofline::ExitCode::kInput, finding);
    }
  }
  const roofline::report::Result& result = report.results.front();
  return {width, resolution, result.macs.as_double(), result.predicted_latency_s};
}

/// Those within the budget that no other one beats in both work and time, by rising time.
std::vector<Candidate> pareto_front(std::vector<Candidate> candidates, double budget_s) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.seconds != b.seconds ? a.seconds < b.seconds : a.macs > b.macs;
  });
  std::vector<Candidate> front;
  for (const Candidate& c : candidates) {
    if (c.seconds > budget_s) break;
    if (front.empty() || c.macs > front.back().macs) front.push_back(c);
  }
  return front;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: search MODEL.onnx HARDWARE_ID MILLISECONDS\n");
    return 2;
  }
  try {
    const roofline::hardware::Profile machine = roofline::hardware::find(argv[2]);
    const double budget_s = std::atof(argv[3]) / 1e3;
    const Model base =
        roofline::onnx_io::load(read_file(argv[1]), argv[1], roofline::onnx_io::Digest::kSkip);
    const auto start = std::chrono::steady_clock::now();
    std::vector<Candidate> candidates;
    for (int step = 8; step <= 48; ++step) {
      const double width = step / 32.0;
      Model model = widened(base, width);
      for (std::int64_t resolution = 96; resolution <= 320; resolution += 32) {
        set_resolution(model, resolution);
        candidates.push_back(price(model, width, resolution, machine));
      }
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;

    // Work stands for accuracy here; a search puts its own predictor in its place.
    const std::vector<Candidate> front = pareto_front(candidates, budget_s);
    std::printf("%zu candidates, %zu on the Pareto front within %g ms; the largest of these:\n",
                candidates.size(), front.size(), budget_s * 1e3);
    std::printf("width  resolution     GMACs  predicted ms\n");
    constexpr std::size_t kShown = 8;
    for (std::size_t i = front.size() - std::min(kShown, front.size()); i < front.size(); ++i) {
      const Candidate& c = front[i];
      std::printf("%5.3f  %10lld  %8.3f  %12.3f\n", c.width, static_cast<long long>(c.resolution),
                  c.macs / 1e9, c.seconds * 1e3);
    }
    std::fprintf(stderr, "%.2f ms a candidate\n",
                 took.count() / static_cast<double>(candidates.size()));
  } catch (const roofline::Error& e) {
    std::fputs(roofline::format_diagnostic(e.diagnostic()).c_str(), stderr);
    return static_cast<int>(e.exit_code());
  }
}
