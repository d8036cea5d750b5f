// Owns the reading of flags; the only file that includes CLI11.
// Refuses to interpret values, and to let CLI11's wording reach the user.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "command.hpp"
#include "roofline/base/text.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

const OptionSpec* find_option(const Command& command, std::string_view name) {
  const auto found =
      std::find_if(command.options.begin(), command.options.end(), [&](const OptionSpec& o) {
        return o.name == name || (!name.empty() && o.short_name == name);
      });
  return found == command.options.end() ? nullptr : &*found;
}

std::string see_help(const Command& command) {
  return fmt::format("'roofline {} --help' lists all flags", command.name);
}

Error unknown_flag(const Command& command, std::string_view word) {
  const std::string flag(word.substr(0, word.find('=')));
  std::vector<std::string> names;
  for (const OptionSpec& option : command.options) names.emplace_back(option.name);
  names.emplace_back("--help");
  const std::string hint = did_you_mean_hint(flag, names);
  return usage_error(fmt::format("roofline {} has no flag '{}'", command.name, printable(flag)),
                     hint.empty() ? see_help(command) : hint);
}

/// CLI11 would read "--top=" as "--top" and take the next word, and "--strict=no" as a number.
void check_equals(const Command& command, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (!word.starts_with("--") || equals == std::string::npos) return;
  const OptionSpec* option = find_option(command, std::string_view(word).substr(0, equals));
  if (!option) return;
  if (option->value.empty()) throw usage_error(fmt::format("{} takes no value", option->name));
  if (equals + 1 == word.size()) {
    throw usage_error(fmt::format("{} needs a value: {}", option->name, option->value));
  }
}

/// CLI11 starts this message with the flag whose value is missing.
Error missing_value(const Command& command, std::string_view message) {
  const std::string_view flag = message.substr(0, message.find(':'));
  const OptionSpec* option = find_option(command, flag);
  if (!option) return usage_error("the flags cannot be read", see_help(command));
  return usage_error(fmt::format("{} needs a value: {}", option->name, option->value));
}

std::vector<CLI::Option*> add_options(const Command& command, CLI::App& app) {
  std::vector<CLI::Option*> options;
  for (const OptionSpec& spec : command.options) {
    const std::string names = spec.short_name.empty()
                                  ? std::string(spec.name)
                                  : fmt::format("{},{}", spec.short_name, spec.name);
    options.push_back(spec.value.empty() ? app.add_flag(names) : app.add_option(names));
    if (spec.value.empty()) continue;
    options.back()->expected(1)->allow_extra_args(false)->multi_option_policy(
        CLI::MultiOptionPolicy::TakeAll);
  }
  return options;
}

void take_values(const OptionSpec& spec, const CLI::Option& option, Arguments& arguments) {
  if (option.count() == 0) return;
  if (option.count() > 1 && !spec.repeatable) {
    throw usage_error(
        fmt::format("{} was given {} times, expected once", spec.name, option.count()));
  }
  auto& values = arguments.values[std::string(spec.name)];
  if (spec.value.empty()) return;
  values = option.results();
  if (spec.choices == nullptr || spec.open) return;
  for (const std::string& value : values) {
    if (!spec.list) {
      choice(spec.name, value, spec.choices());
      continue;
    }
    for (const std::string_view part : split(value, ',')) {
      choice(spec.name, std::string(part), spec.choices());
    }
  }
}

void check_operands(const Command& command, const Arguments& arguments) {
  const auto& given = arguments.positionals;
  const std::vector<std::string_view> names = split(command.operand, ' ');
  if (command.needs_operand() && given.size() < names.size()) {
    throw usage_error(fmt::format("roofline {}: {} is missing", command.name, names[given.size()]),
                      fmt::format("'roofline {} --help' shows examples", command.name));
  }
  const std::size_t most = command.takes_operand() ? names.size() : 0;
  if (given.size() > most && !command.takes_many()) {
    throw usage_error(
        fmt::format("roofline {}: unexpected argument '{}'", command.name, printable(given[most])),
        most == 0 ? "" : fmt::format("it takes {}{}", most == 1 ? "one " : "", command.operand));
  }
}

}  // namespace

const std::vector<std::string>& Arguments::all(std::string_view option) const {
  static const std::vector<std::string> kNone;
  const auto found = values.find(option);
  return found == values.end() ? kNone : found->second;
}

const std::string* Arguments::one(std::string_view option) const {
  const std::vector<std::string>& given = all(option);
  return given.empty() ? nullptr : &given.front();
}

Arguments parse(const Command& command, const std::vector<std::string>& words) {
  // What follows "--" is never a flag; CLI11 would not tell the two apart in what it leaves over.
  const auto flags_end = std::find(words.begin(), words.end(), "--");
  for (auto word = words.begin(); word != flags_end; ++word) check_equals(command, *word);
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  const std::vector<CLI::Option*> options = add_options(command, app);
  try {
    app.parse(std::vector<std::string>(std::make_reverse_iterator(flags_end), words.rend()));
  } catch (const CLI::ArgumentMismatch& error) {
    throw missing_value(command, error.what());
  } catch (const CLI::ParseError&) {
    throw usage_error("the flags cannot be read", see_help(command));
  }
  Arguments arguments;
  for (const std::string& word : app.remaining()) {
    if (word.starts_with('-') && word.size() > 1) throw unknown_flag(command, word);
    arguments.positionals.push_back(word);
  }
  if (flags_end != words.end()) {
    arguments.positionals.insert(arguments.positionals.end(), flags_end + 1, words.end());
  }
  for (std::size_t i = 0; i < options.size(); ++i) {
    take_values(command.options[i], *options[i], arguments);
  }
  check_operands(command, arguments);
  return arguments;
}

}  // namespace roofline::cli
