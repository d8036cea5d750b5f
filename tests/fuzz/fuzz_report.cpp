// Owns the fuzz target of saved reports: any bytes give a report that every format can write and
// that reads back, or a roofline::Error.
// Refuses every other exception, by not catching it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "roofline/report/read.hpp"
#include "roofline/report/render.hpp"

namespace {

using roofline::report::Report;

std::string json(const Report& report) {
  std::ostringstream out;
  render_json(report, out);
  return out.str();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const Report report = roofline::report::read_json(
        std::string(reinterpret_cast<const char*>(data), size), "fuzz/report.json");
    std::ostringstream out;
    render_text(report, {}, out);
    render_csv(report, out);
    const std::string saved = json(report);
    if (json(roofline::report::read_json(saved, "fuzz/saved.json")) != saved) std::abort();
  } catch (const roofline::Error&) {          // NOLINT(bugprone-empty-catch): the expected outcome
  } catch (const roofline::OverflowError&) {  // sums of text rows; run_cli reports it
  }
  return 0;
}
