#pragma once
#include <functional>
#include <iosfwd>
#include <string_view>

namespace roofline::report {

/// What a page shows: the script that reads its data (src/report/html).
enum class View { kAnalysis, kSweep };

/// One HTML file that needs nothing else: style, Chart.js, common code, the view and its data.
/// `write_data` writes a JSON document as JsonWriter does: line breaks in layout only. Whatever
/// text is in it, it stays data: the view shows it as text, and the page's policy runs nothing
/// else.
void write_page(std::string_view title, View view,
                const std::function<void(std::ostream&)>& write_data, std::ostream& out);

}  // namespace roofline::report
