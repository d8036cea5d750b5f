// Prices one model on one machine through the library.
// Usage: consumer MODEL.onnx HARDWARE_ID
#include <cstdio>

#include "roofline/pipeline/analyze.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: consumer MODEL.onnx HARDWARE_ID\n");
    return 2;
  }
  try {
    const roofline::hardware::Profile machine = roofline::hardware::find(argv[2]);
    roofline::Request request;
    request.hardware = {&machine};
    const roofline::report::Report report = roofline::analyze(argv[1], request);
    const roofline::report::Result& result = report.results.front();
    std::printf("%lld MACs, %.3f ms predicted on %s, %s-bound\n",
                static_cast<long long>(report.totals.macs.value()),
                result.predicted_latency_s * 1e3, machine.name.c_str(), result.bound.c_str());
  } catch (const roofline::Error& e) {
    std::fputs(roofline::format_diagnostic(e.diagnostic()).c_str(), stderr);
    return static_cast<int>(e.exit_code());
  }
}
