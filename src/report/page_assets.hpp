#pragma once
#include <string_view>

/// Texts that the build puts into the binary (src/CMakeLists.txt names their files).
namespace roofline::report::assets {

extern const std::string_view kChartScript;  ///< Chart.js, as Debian ships it
extern const std::string_view kStyle;
extern const std::string_view kCommonScript;
extern const std::string_view kAnalysisScript;
extern const std::string_view kSweepScript;

}  // namespace roofline::report::assets
