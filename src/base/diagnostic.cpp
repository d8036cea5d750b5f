// Owns how a finding reads on the terminal.
// Refuses to know who found it.
#include "roofline/base/diagnostic.hpp"

#include <fmt/format.h>

namespace roofline {

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

std::string format_diagnostic(const Diagnostic& d) {
  std::string text = fmt::format("roofline: {}", severity_name(d.severity));
  if (!d.code.empty()) text += fmt::format("[{}]", d.code);
  text += ": ";
  if (!d.location.empty()) text += d.location + ": ";
  text += d.message + "\n";
  if (!d.hint.empty()) text += "  hint: " + d.hint + "\n";
  return text;
}

Error::Error(ExitCode exit_code, Diagnostic diagnostic)
    : std::runtime_error(diagnostic.message),
      exit_code_(exit_code),
      diagnostic_(std::move(diagnostic)) {}

}  // namespace roofline
