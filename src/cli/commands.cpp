// Owns the order and the headings in which commands are listed.
// Refuses to describe them: each is one constant in its own file.
#include <array>

#include "command.hpp"

namespace roofline::cli {
namespace {

using Listed = const Command* const;
constexpr Listed kModels[] = {
    &kAnalyzeCommand, &kCompareCommand, &kDiffCommand,      &kCheckCommand, &kSweepCommand,
    &kRequestCommand, &kAdviseCommand,  &kScenariosCommand, &kOpsCommand,   &kStripCommand};
constexpr Listed kMachines[] = {&kHardwareListCommand, &kHardwareShowCommand,
                                &kHardwareCheckCommand};
constexpr Listed kCalibration[] = {&kCalibrateHostCommand, &kCalibrateEmitCommand,
                                   &kCalibrateFitCommand, &kCalibrateAnchorCommand,
                                   &kValidateCommand};
constexpr Listed kShell[] = {&kCompletionCommand};
constexpr std::array kGroups = {
    CommandGroup{"models", kModels},
    CommandGroup{"machines", kMachines},
    CommandGroup{"calibration", kCalibration},
    CommandGroup{"shell", kShell},
};

}  // namespace

std::span<const CommandGroup> command_groups() { return kGroups; }

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> kAll = [] {
    std::vector<const Command*> all;
    for (const CommandGroup& group : kGroups) {
      all.insert(all.end(), group.commands.begin(), group.commands.end());
    }
    return all;
  }();
  return kAll;
}

std::vector<std::string> next_words(std::string_view before) {
  std::vector<std::string> words;
  for (const Command* command : commands()) {
    if (!command->name.starts_with(before)) continue;
    const std::string_view rest = command->name.substr(before.size());
    const std::string word(rest.substr(0, rest.find(' ')));
    if (words.empty() || words.back() != word) words.push_back(word);
  }
  return words;
}

}  // namespace roofline::cli
