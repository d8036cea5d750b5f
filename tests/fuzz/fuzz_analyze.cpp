// Owns: a model that loads is analyzed, as text and JSON, and planned for every runtime, or refused
// with an Error.
// Refuses every other exception, memory error, undefined behaviour and hang.
#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>

#include "roofline/base/count.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/render.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    roofline::Request request;
    request.tensors = request.explain = true;
    const auto model =
        roofline::onnx_io::load(std::span(data, size), "fuzz", roofline::onnx_io::Digest::kSkip);
    const roofline::report::Report report = roofline::analyze(model, request);
    std::ostringstream out;
    roofline::report::render_json(report, out);
    roofline::report::render_text(report, {}, out);
    const roofline::infer::TypedGraph graph = roofline::infer::infer(model, {});
    for (const std::string& runtime : roofline::plan::runtime_names()) {
      (void)roofline::plan::make_plan(graph, nullptr,
                                      {.runtime = runtime, .precision = std::nullopt});
    }
  } catch (const roofline::Error&) {  // NOLINT(bugprone-empty-catch): one of the two answers
  } catch (const roofline::OverflowError&) {  // NOLINT(bugprone-empty-catch): as analyze() reports
  }
  return 0;
}
