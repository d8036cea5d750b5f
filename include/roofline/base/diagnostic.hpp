#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roofline {

/// Process exit codes: the one list, also printed by `roofline --help`.
enum class ExitCode : int {
  kOk = 0,
  kCheckFailed = 1,  ///< a budget or comparison failed
  kUsage = 2,        ///< wrong flags or arguments
  kInput = 3,        ///< an input cannot be read or breaks its specification
  kIncomplete = 4,   ///< something is unknown and --strict was given
  kInternal = 70,    ///< our bug
};

enum class Severity { kNote, kWarning, kError };
[[nodiscard]] std::string_view severity_name(Severity severity);

/// One finding that did not stop the analysis (and, for kError, makes its exit code kInput).
struct Diagnostic {
  Severity severity = Severity::kNote;
  std::string code = {};      ///< kebab-case, e.g. "shape-mismatch": stable, for scripts
  std::string message = {};   ///< what was found and what was expected, one line
  std::string hint = {};      ///< what to do; may be empty
  std::string location = {};  ///< file, or "file: node 'conv1' (Conv, #17)"; may be empty
  std::string node_id = {};   ///< id of the node in the report; may be empty
};

/// `roofline: error[code]: location: message` and, if any, a second line `  hint: ...`.
[[nodiscard]] std::string format_diagnostic(const Diagnostic& diagnostic);

/// Thrown when a command cannot go on; caught once, in run_cli.
class Error : public std::runtime_error {
 public:
  Error(ExitCode exit_code, Diagnostic diagnostic);
  /// Shorthand for an input error.
  Error(std::string code, std::string location, std::string message, std::string hint = {})
      : Error(ExitCode::kInput, Diagnostic{Severity::kError,
                                           std::move(code),
                                           std::move(message),
                                           std::move(hint),
                                           std::move(location),
                                           {}}) {}
  [[nodiscard]] ExitCode exit_code() const { return exit_code_; }
  [[nodiscard]] const Diagnostic& diagnostic() const { return diagnostic_; }

 private:
  ExitCode exit_code_;
  Diagnostic diagnostic_;
};

/// Thrown by an operator's rule when a node breaks the specification; caught at the node boundary,
/// where file and node are added and it becomes an error Diagnostic.
class RuleError : public std::runtime_error {
 public:
  RuleError(std::string code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(std::move(code)), hint_(std::move(hint)) {}
  [[nodiscard]] const std::string& code() const { return code_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  std::string code_;
  std::string hint_;
};

}  // namespace roofline
