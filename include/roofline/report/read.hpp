#pragma once
#include <string>

#include "roofline/report/report.hpp"

namespace roofline::report {

/// The inverse of render_json: a report that any release of ours saved, up to this one's
/// kSchemaVersion. Fields that a release did not write yet stay at their defaults, unknown ones are
/// ignored; what only --explain fills (operands, derivations) is not in JSON. `file` is for
/// messages. Throws Error "json-syntax", "not-a-report", "newer-report", "missing-key",
/// "wrong-type", "bad-value" or "unknown-node" with file:line:column.
[[nodiscard]] Report read_json(std::string text, const std::string& file);

/// Reads a saved report from a file. Throws Error "unreadable-file" as well.
[[nodiscard]] Report read_json_file(const std::string& path);

/// True when the file's first character, blanks aside, begins a JSON object: no ONNX model does.
[[nodiscard]] bool is_saved_report(const std::string& path);

}  // namespace roofline::report
