// Owns the words in which a what-if is asked for: NAME:ARGUMENT,KEY=VALUE.
// Refuses to know any scenario: rooms that change something have tables of their kinds.
#include "roofline/base/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"

namespace roofline {
namespace {

Error bad_scenario(std::string message, std::string hint) {
  return {ExitCode::kUsage,
          {.severity = Severity::kError,
           .code = "bad-scenario",
           .message = std::move(message),
           .hint = std::move(hint)}};
}

std::string form(const ScenarioArgument& argument) {
  return argument.key.empty() ? std::string(argument.value)
                              : fmt::format("{}={}", argument.key, argument.value);
}

}  // namespace

std::string usage(const ScenarioKind& kind) {
  std::string text(kind.name);
  char separator = ':';
  for (const ScenarioArgument& argument : kind.arguments) {
    const std::string part = separator + form(argument);
    text += argument.required ? part : "[" + part + "]";
    if (argument.repeatable) text += "...";
    separator = ',';
  }
  return text;
}

Scenario::Scenario(std::string name, std::vector<std::pair<std::string, std::string>> arguments)
    : name_(std::move(name)), arguments_(std::move(arguments)) {}

Scenario Scenario::parse(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const auto bad = [&] {
    return bad_scenario(
        fmt::format("found '{}', expected a scenario as in NAME:VALUE,KEY=VALUE", printable(text)),
        "'roofline scenarios' lists them");
  };
  if (colon == 0) throw bad();
  std::vector<std::pair<std::string, std::string>> arguments;
  if (colon < text.size()) {
    for (const std::string_view argument : split(text.substr(colon + 1), ',')) {
      // Names of nodes may contain '=' as well: the first one separates.
      const std::size_t equals = argument.find('=');
      const bool named = equals != std::string_view::npos;
      const std::string_view value = named ? argument.substr(equals + 1) : argument;
      if (value.empty() || equals == 0) throw bad();
      arguments.emplace_back(named ? argument.substr(0, equals) : std::string_view(), value);
    }
  }
  return {std::string(text.substr(0, colon)), std::move(arguments)};
}

std::string Scenario::text() const {
  std::string text = name_;
  char separator = ':';
  for (const auto& [key, value] : arguments_) {
    text += separator;
    if (!key.empty()) text.append(key).append("=");
    text += value;
    separator = ',';
  }
  return text;
}

void Scenario::check(const ScenarioKind& kind) const {
  for (const auto& [key, value] : arguments_) {
    const auto known = std::find_if(kind.arguments.begin(), kind.arguments.end(),
                                    [&k = key](const ScenarioArgument& a) { return a.key == k; });
    if (known == kind.arguments.end()) {
      fail_scenario(*this,
                    key.empty() ? fmt::format("takes no '{}'", printable(value))
                                : fmt::format("has no argument '{}'", printable(key)),
                    "it is asked for as " + usage(kind));
    }
    if (!known->repeatable && all(key).size() > 1) {
      fail_scenario(*this, fmt::format("takes one {}", form(*known)));
    }
  }
  for (const ScenarioArgument& argument : kind.arguments) {
    if (!argument.required || has(argument.key)) continue;
    fail_scenario(*this, fmt::format("needs {}: {}", form(argument), argument.help),
                  "it is asked for as " + usage(kind));
  }
}

const std::string* Scenario::one(std::string_view key) const {
  for (const auto& [name, value] : arguments_) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::vector<std::string> Scenario::all(std::string_view key) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : arguments_) {
    if (name == key) values.push_back(value);
  }
  return values;
}

double Scenario::number(std::string_view key, double otherwise, double least, double most) const {
  const std::string* text = one(key);
  if (!text) return otherwise;
  const std::optional<double> value = parse_double(*text);
  if (!value || !(*value >= least && *value <= most)) {
    fail_scenario(*this, fmt::format("found '{}', expected a number from {} to {}",
                                     printable(*text), least, most));
  }
  return *value;
}

std::int64_t Scenario::integer(std::string_view key, std::int64_t otherwise, std::int64_t least,
                               std::int64_t most) const {
  const std::string* text = one(key);
  if (!text) return otherwise;
  const std::optional<std::int64_t> value = parse_int(*text);
  if (!value || *value < least || *value > most) {
    const std::string range = most == std::numeric_limits<std::int64_t>::max()
                                  ? fmt::format("of {} or more", least)
                                  : fmt::format("from {} to {}", least, most);
    fail_scenario(*this,
                  fmt::format("found '{}', expected an integer {}", printable(*text), range));
  }
  return *value;
}

double Scenario::quantity(std::string_view key, double otherwise, Unit unit,
                          std::string_view example) const {
  const std::string* text = one(key);
  if (!text) return otherwise;
  // "512KiB" needs no quotes in a shell.
  const std::size_t number_end = text->find_first_not_of("0123456789.");
  std::string spaced = *text;
  if (number_end < text->size() && spaced[number_end] != ' ') spaced.insert(number_end, " ");
  const std::optional<double> value = parse_quantity(spaced, unit);
  if (!value || !(*value > 0)) {
    fail_scenario(
        *this, fmt::format("found '{}', expected a quantity as in {}", printable(*text), example));
  }
  return *value;
}

double Scenario::bytes(std::string_view key, double otherwise) const {
  return quantity(key, otherwise, Unit::kByte, "512KiB");
}

double Scenario::seconds(std::string_view key, double otherwise) const {
  return quantity(key, otherwise, Unit::kSecond, "2.5us");
}

std::string Scenario::choice(std::string_view key, std::string_view otherwise,
                             std::span<const std::string_view> names) const {
  const std::string* text = one(key);
  if (!text) return std::string(otherwise);
  if (std::find(names.begin(), names.end(), *text) != names.end()) return *text;
  const std::vector<std::string> known(names.begin(), names.end());
  fail_scenario(*this,
                fmt::format("found '{}', expected one of {}", printable(*text), join(known, ", ")),
                did_you_mean_hint(*text, known));
}

bool Scenario::yes(std::string_view key) const {
  constexpr std::array<std::string_view, 2> kYesNo = {"no", "yes"};
  return choice(key, "no", kYesNo) == "yes";
}

void fail_scenario(const Scenario& scenario, std::string message, std::string hint) {
  throw bad_scenario(
      fmt::format("scenario '{}' {}", printable(scenario.text()), std::move(message)),
      std::move(hint));
}

}  // namespace roofline
