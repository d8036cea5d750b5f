// Owns the order in which the rooms work on a request.
// Refuses to compute anything itself.
#include "roofline/pipeline/analyze.hpp"

#include "roofline/onnx_io/onnx_io.hpp"
#include "rows.hpp"

namespace roofline {

namespace {

report::Report price(const ir::Model& model, const Request& request) {
  infer::TypedGraph graph = infer::infer(model, request.bindings);
  report::Report out;
  out.tool_version = ROOFLINE_VERSION;
  add_nodes(graph, request, out);
  out.diagnostics = std::move(graph.diagnostics);
  for (const hardware::Profile* profile : request.hardware) {
    add_result(graph, *profile, request, out);
  }
  return out;
}

}  // namespace

report::Report analyze(const ir::Model& model, const Request& request) {
  try {
    return price(model, request);
  } catch (const OverflowError&) {
    // A single node that overflows is a diagnostic; here a sum over nodes did.
    throw Error("overflow", model.path, "a sum over the model's nodes exceeds 2^63-1",
                "check the sizes given by --dim and --shape, and the model's constants");
  }
}

report::Report analyze(const std::string& path, const Request& request) {
  return analyze(onnx_io::load(path), request);
}

}  // namespace roofline
