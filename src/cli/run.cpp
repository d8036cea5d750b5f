// Owns the way from arguments to a command and from any failure to an exit code.
// Refuses to let an exception out.
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <ostream>

#include "command.hpp"
#include "roofline/base/count.hpp"
#include "roofline/base/text.hpp"
#include "roofline/cli/cli.hpp"
#include "roofline/cli/guard.hpp"

namespace roofline::cli {
namespace {

bool is_help(const std::string& word) { return word == "--help" || word == "-h"; }

const Command* find_command(std::string_view name) {
  const auto& all = commands();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Command* c) { return c->name == name; });
  return found == all.end() ? nullptr : *found;
}

Error unknown_command(std::string_view before, const std::string* word) {
  const std::vector<std::string> expected = next_words(before);
  const std::string list = join(expected, ", ");
  if (!word) return usage_error(fmt::format("roofline {}: expected {}", before, list));
  std::string hint = did_you_mean_hint(*word, expected);
  if (hint.empty()) hint = "'roofline --help' explains them";
  return usage_error(
      fmt::format("roofline {}has no command '{}', expected {}", before, printable(*word), list),
      hint);
}

/// The command that `args` start with; `used` is set to the number of words of its name.
const Command& pick_command(const std::vector<std::string>& args, std::size_t& used) {
  used = 1;
  if (const Command* command = find_command(args[0])) return *command;
  const std::vector<std::string> inner = next_words(args[0] + " ");
  if (inner.empty()) throw unknown_command("", &args[0]);
  if (args.size() == 1 || args[1].starts_with('-')) {
    throw usage_error(fmt::format("roofline {}: expected {}", args[0], join(inner, ", ")));
  }
  used = 2;
  const Command* command = find_command(args[0] + " " + args[1]);
  if (!command) throw unknown_command(args[0] + " ", &args[1]);
  return *command;
}

/// Help of the program, or of every command that `name` begins.
std::string help_of_group(const std::string& name) {
  std::string text;
  for (const Command* command : commands()) {
    if (!command->name.starts_with(name + " ")) continue;
    text += (text.empty() ? "" : "\n") + help(*command);
  }
  return text;
}

ExitCode dispatch(const std::vector<std::string>& args, const Streams& streams) {
  if (args.empty()) {
    throw usage_error(fmt::format("no command was given, expected {}", join(next_words(""), ", ")),
                      "'roofline --help' explains them");
  }
  if (is_help(args[0])) {
    streams.out << help();
    return ExitCode::kOk;
  }
  if (args[0] == "--version") {
    streams.out << version();
    return ExitCode::kOk;
  }
  if (args[0].starts_with('-')) {
    throw usage_error(fmt::format("'{}' stands before the command", printable(args[0])),
                      "write it behind: roofline COMMAND ... FLAGS");
  }
  if (args.size() > 1 && is_help(args[1]) && !next_words(args[0] + " ").empty()) {
    streams.out << help_of_group(args[0]);
    return ExitCode::kOk;
  }
  std::size_t used = 0;
  const Command& command = pick_command(args, used);
  const std::vector<std::string> words(args.begin() + static_cast<std::ptrdiff_t>(used),
                                       args.end());
  const auto end = std::find(words.begin(), words.end(), "--");
  if (std::any_of(words.begin(), end, is_help)) {
    streams.out << help(command);
    return ExitCode::kOk;
  }
  return command.run(parse(command, words), streams);
}

Diagnostic failure(std::string code, std::string message, std::string hint) {
  return {Severity::kError, std::move(code), std::move(message), std::move(hint), {}, {}};
}

}  // namespace

Error usage_error(std::string message, std::string hint) {
  return {ExitCode::kUsage, failure("usage", std::move(message), std::move(hint))};
}

void print(const Diagnostic& diagnostic, std::ostream& err) {
  Diagnostic clean = diagnostic;
  clean.message = printable(clean.message);
  clean.hint = printable(clean.hint);
  clean.location = printable(clean.location);
  err << format_diagnostic(clean);
}

std::optional<Failure> attempt(const std::function<void()>& body) {
  constexpr const char* kBug = "this is a bug in roofline: please report it";
  try {
    body();
    return std::nullopt;
  } catch (const Error& error) {
    return Failure{error.exit_code(), error.diagnostic()};
  } catch (const OverflowError& error) {
    return Failure{ExitCode::kInput,
                   failure("overflow", error.what(), "the model's sizes are not plausible")};
  } catch (const std::bad_alloc&) {
    return Failure{ExitCode::kInput, failure("out-of-memory", "there is not enough memory", "")};
  } catch (const std::exception& error) {
    return Failure{ExitCode::kInternal, failure("internal", error.what(), kBug)};
  } catch (...) {
    return Failure{ExitCode::kInternal, failure("internal", "unknown exception", kBug)};
  }
}

ExitCode guarded(std::ostream& err, const std::function<ExitCode()>& body) {
  ExitCode code = ExitCode::kOk;
  const std::optional<Failure> failed = attempt([&] { code = body(); });
  if (!failed) return code;
  print(failed->diagnostic, err);
  return failed->code;
}

int run_cli(const std::vector<std::string>& args, std::ostream& out, std::ostream& err,
            bool out_is_terminal) {
  const Streams streams{out, err, out_is_terminal};
  const ExitCode code = guarded(err, [&] {
    const ExitCode result = dispatch(args, streams);
    out.flush();
    if (!out)
      throw Error("output", "", "standard output cannot be written: disk full or pipe closed");
    return result;
  });
  return static_cast<int>(code);
}

}  // namespace roofline::cli
