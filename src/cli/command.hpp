#pragma once
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/diagnostic.hpp"

namespace roofline::cli {

using Names = std::vector<std::string>;

/// One flag of a command. `value` names its argument; empty for a switch.
struct OptionSpec {
  std::string_view group;  ///< heading in the help
  std::string_view name;   ///< "--output"
  std::string_view value = {};
  std::string_view help;
  bool repeatable = false;
  std::string_view short_name = {};  ///< "-o"
  Names (*choices)() = nullptr;      ///< what it may be: parsing and completion read this list
  bool open = false;                 ///< choices are suggestions: a file, say, will do too
  bool list = false;                 ///< several with commas between
};

/// What the user gave: positional arguments and, by flag name, values in order.
class Arguments {
 public:
  std::vector<std::string> positionals = {};
  std::map<std::string, std::vector<std::string>, std::less<>> values = {};

  [[nodiscard]] bool has(std::string_view option) const { return values.contains(option); }
  /// Every value of a repeatable flag.
  [[nodiscard]] const std::vector<std::string>& all(std::string_view option) const;
  /// The value of a flag, nullptr when it was not given.
  [[nodiscard]] const std::string* one(std::string_view option) const;
};

/// Where a command writes.
struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal;
};

/// One command: all that parsing, help and dispatch need.
struct Command {
  std::string_view name;     ///< "hardware list"
  std::string_view operand;  ///< "MODEL", "OLD NEW", "[NAME]", "[MODEL...]", "" for none
  std::string_view summary;  ///< one line
  std::span<const OptionSpec> options;
  std::string_view examples;
  ExitCode (*run)(const Arguments&, const Streams&);
  Names (*operands)() = nullptr;  ///< suggestions for the operand, besides files

  [[nodiscard]] bool takes_operand() const { return !operand.empty(); }
  [[nodiscard]] bool takes_many() const { return operand.find("...") != std::string_view::npos; }
  [[nodiscard]] bool needs_operand() const { return takes_operand() && !operand.starts_with('['); }
};
/// Commands under one heading of the help.
struct CommandGroup {
  std::string_view title;
  std::span<const Command* const> commands;
};
/// Every command, in the order of the help.
[[nodiscard]] std::span<const CommandGroup> command_groups();
[[nodiscard]] const std::vector<const Command*>& commands();
/// Words of command names that may stand behind `before`: "hardware " -> list, show, check.
[[nodiscard]] std::vector<std::string> next_words(std::string_view before);

/// Reads the words behind a command's name. Throws Error (kUsage).
[[nodiscard]] Arguments parse(const Command& command, const std::vector<std::string>& words);

[[nodiscard]] std::string help();                        ///< of the program
[[nodiscard]] std::string help(const Command& command);  ///< of one command
[[nodiscard]] std::string version();                     ///< and how this program was built

/// An Error of exit code kUsage.
[[nodiscard]] Error usage_error(std::string message, std::string hint = {});
/// Prints a finding; what it quotes from files cannot reach the terminal as control sequences.
void print(const Diagnostic& diagnostic, std::ostream& err);

// Each in the file that runs it.
extern const Command kAdviseCommand;
extern const Command kAnalyzeCommand;
extern const Command kCheckCommand;
extern const Command kCompletionCommand;
extern const Command kCalibrateEmitCommand;
extern const Command kCalibrateFitCommand;
extern const Command kCalibrateAnchorCommand;
extern const Command kCalibrateHostCommand;
extern const Command kCompareCommand;
extern const Command kDiffCommand;
extern const Command kHardwareListCommand;
extern const Command kHardwareShowCommand;
extern const Command kHardwareCheckCommand;
extern const Command kOpsCommand;
extern const Command kRequestCommand;
extern const Command kScenariosCommand;
extern const Command kStripCommand;
extern const Command kSweepCommand;
extern const Command kValidateCommand;

}  // namespace roofline::cli
