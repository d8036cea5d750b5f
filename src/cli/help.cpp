// Owns what --help prints; flags and commands come from the tables that parsing uses.
// Refuses to document what is not in them.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "command.hpp"
#include "roofline/base/text.hpp"

namespace roofline::cli {
namespace {

constexpr std::size_t kWidth = 98;

struct ExitCodeHelp {
  ExitCode code;
  std::string_view meaning;
};
constexpr std::array kExitCodes = {
    ExitCodeHelp{ExitCode::kOk, "done"},
    ExitCodeHelp{ExitCode::kCheckFailed, "a budget or comparison failed"},
    ExitCodeHelp{ExitCode::kUsage, "wrong flags or arguments"},
    ExitCodeHelp{ExitCode::kInput, "a file cannot be read or written, or breaks its specification"},
    ExitCodeHelp{ExitCode::kIncomplete, "something is unknown and --strict was given"},
    ExitCodeHelp{ExitCode::kInternal, "a bug in roofline"},
};

/// `text` behind a label column, wrapped at words.
std::string entry(std::string_view label, std::string_view text, std::size_t label_width) {
  std::string lines = fmt::format("  {:<{}}", label, label_width);
  std::size_t column = label_width + 2;
  bool first = true;
  for (const std::string_view word : split(text, ' ')) {
    if (!first && column + 1 + word.size() > kWidth) {
      lines += '\n' + std::string(label_width + 2, ' ');
      column = label_width + 2;
      first = true;
    }
    if (!first) lines += ' ';
    lines += word;
    column += word.size() + (first ? 0 : 1);
    first = false;
  }
  return lines + '\n';
}

std::string option_label(const OptionSpec& option) {
  std::string label(option.short_name);
  if (!label.empty()) label += ", ";
  label += option.name;
  if (!option.value.empty()) label += fmt::format(" {}", option.value);
  return label;
}

std::string examples(std::string_view lines) {
  std::string text = "\nexamples\n";
  for (const std::string_view line : split(lines, '\n')) text += fmt::format("  {}\n", line);
  return text;
}

std::string command_label(const Command& command) {
  return command.takes_operand() ? fmt::format("{} {}", command.name, command.operand)
                                 : std::string(command.name);
}

}  // namespace

std::string help() {
  std::string text =
      "roofline: what an ONNX model costs on a machine, layer by layer, and what bounds it\n\n"
      "usage: roofline COMMAND ...\n";
  std::size_t width = 0;
  for (const Command* command : commands()) {
    width = std::max(width, command_label(*command).size());
  }
  for (const CommandGroup& group : command_groups()) {
    text += fmt::format("\n{}\n", group.title);
    for (const Command* command : group.commands) {
      text += entry(command_label(*command), command->summary, width + 2);
    }
  }
  text +=
      "\n  'roofline COMMAND --help' explains one command, 'roofline --version' says what this "
      "one is\n";
  text += examples(
      "roofline analyze resnet50.onnx                           work, traffic and memory per "
      "layer\n"
      "roofline analyze resnet50.onnx --hardware v100           times, and what bounds each layer\n"
      "roofline analyze bert.onnx --dim batch=8 --dim sequence=128 --format json\n"
      "roofline hardware list                                   machines that --hardware knows");
  text += "\nexit codes\n";
  for (const ExitCodeHelp& code : kExitCodes) {
    text += entry(fmt::format("{}", static_cast<int>(code.code)), code.meaning, 4);
  }
  return text;
}

std::string help(const Command& command) {
  std::string text = fmt::format("roofline {}: {}\n\nusage: roofline {}", command.name,
                                 command.summary, command.name);
  if (command.takes_operand()) text += fmt::format(" {}", command.operand);
  if (!command.options.empty()) text += " [flags]";
  text += '\n';
  std::size_t width = 0;
  for (const OptionSpec& option : command.options) {
    width = std::max(width, option_label(option).size() + 2);
  }
  std::string_view group;
  for (const OptionSpec& option : command.options) {
    if (option.group != group) text += fmt::format("\n{}\n", option.group);
    group = option.group;
    text += entry(option_label(option), option.help, width);
  }
  return text + examples(command.examples);
}

}  // namespace roofline::cli
