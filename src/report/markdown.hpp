#pragma once
#include <string>
#include <string_view>

namespace roofline::report {

/// Text that Markdown (CommonMark with GitHub's tables) shows as it is, in a table's cell too:
/// whatever a name contains, it is no markup, no HTML and no second line.
[[nodiscard]] std::string markdown_text(std::string_view text);

}  // namespace roofline::report
