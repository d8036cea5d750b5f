// Owns `roofline completion`: scripts for bash, zsh and fish, made from the tables of commands.
// Refuses to know a flag or a value that is not in them.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "command.hpp"
#include "roofline/base/text.hpp"

namespace roofline::cli {
namespace {

/// In single quotes, which bash and zsh read alike.
std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'')
      result += "'\\''";
    else
      result += c;
  }
  return result + "'";
}

std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

/// Names that a shell can take as they are: ids come from file names.
std::string words(Names names) {
  std::erase_if(names, [](const std::string& name) {
    return name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "._:+-") != std::string::npos;
  });
  return join(names, " ");
}

std::string choices(const OptionSpec& option) {
  return option.choices == nullptr ? "" : words(option.choices());
}

std::string operands(const Command& command) {
  return command.operands == nullptr ? "" : words(command.operands());
}

bool is_file(std::string_view value) {
  for (const std::string_view kind : {"FILE", "DIR", "MODEL"}) {
    if (value.find(kind) != std::string_view::npos) return true;
  }
  return false;
}

/// First words that others follow: "calibrate", "hardware".
Names prefixes() {
  Names result = next_words("");
  std::erase_if(result, [](const std::string& word) { return next_words(word + " ").empty(); });
  return result;
}

Names flags(const Command& command) {
  Names result = {"--help"};
  for (const OptionSpec& option : command.options) {
    result.emplace_back(option.name);
    if (!option.short_name.empty()) result.emplace_back(option.short_name);
  }
  return result;
}

// Bash splits words at ':' and '=' as well, so the script splits the line itself, and cuts from
// its answers what bash already has.
constexpr std::string_view kBashHead =
    R"(# bash completion for roofline: source <(roofline completion bash)
_roofline() {
  local line=${COMP_LINE:0:COMP_POINT} flag= flags= values= files= prefix= command cur
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=${words[-1]}
  command=${words[1]}
)";
constexpr std::string_view kBashTail = R"(  esac
  [[ -z $flag && $cur == -* ]] && values+=" $flags" files=
  if [[ $cur == *,* && -n $flag ]]; then
    prefix=${cur%,*},
    cur=${cur##*,}
  fi
  COMPREPLY=()
  local word
  for word in $values; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
  done
  if [[ -n $files ]]; then
    local IFS=$'\n'
    COMPREPLY+=($(compgen -f -- "$cur"))
    compopt -o filenames 2> /dev/null
    return
  fi
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
  fi
}
complete -F _roofline roofline
)";

void print_bash(std::ostream& out) {
  out << kBashHead;
  out << fmt::format("  if (( ${{#words[@]}} <= 2 )); then\n    command=\n    values={}\n",
                     shell_quoted(join(next_words(""), " ") + " --help --version"));
  for (const std::string& first : prefixes()) {
    out << fmt::format(
        "  elif [[ $command == {0} ]] && (( ${{#words[@]}} == 3 )); then\n    command=\n"
        "    values={1}\n",
        first, shell_quoted(join(next_words(first + " "), " ")));
  }
  out << fmt::format("  fi\n  case $command in {}) command+=\" ${{words[2]}}\" ;; esac\n",
                     join(prefixes(), "|"));
  out << "  if [[ $cur == --*=* ]]; then\n    flag=${cur%%=*}\n    cur=${cur#*=}\n"
         "  elif (( ${#words[@]} > 3 )); then\n    flag=${words[-2]}\n  fi\n"
         "  case $command in\n";
  for (const Command* command : commands()) {
    out << fmt::format("    {})\n      flags={}\n      case $flag in\n",
                       shell_quoted(command->name), shell_quoted(join(flags(*command), " ")));
    for (const OptionSpec& option : command->options) {
      if (option.value.empty()) continue;
      const std::string names = option.short_name.empty()
                                    ? std::string(option.name)
                                    : fmt::format("{}|{}", option.short_name, option.name);
      out << fmt::format("        {}) values={} files={} ;;\n", names,
                         shell_quoted(choices(option)), is_file(option.value) ? "1" : "");
    }
    out << fmt::format("        *) flag= values={} files={} ;;\n      esac ;;\n",
                       shell_quoted(operands(*command)), is_file(command->operand) ? "1" : "");
  }
  out << kBashTail;
}

/// One argument of zsh's _arguments: what may follow a flag, or stand alone.
std::string zsh_values(std::string_view title, const std::string& names, bool files) {
  std::string label(title);  // ':' ends it
  std::replace(label.begin(), label.end(), ':', ' ');
  std::string list = names;
  for (std::size_t at = 0; (at = list.find(':', at)) != std::string::npos; at += 2) {
    list.insert(at, 1, '\\');
  }
  if (list.empty()) return fmt::format(":{}:{}", label, files ? "_files" : " ");
  if (!files) return fmt::format(":{}:({})", label, list);
  return fmt::format(":{}:{{_roofline_or_file {}}}", label, list);
}

std::string zsh_help(std::string_view help) {
  std::string text;
  for (const char c : help) {
    if (c == '[' || c == ']' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

void print_zsh(std::ostream& out) {
  out << "#compdef roofline\n# zsh completion for roofline: source <(roofline completion zsh)\n"
         "_roofline_or_file() {\n  compadd -- \"$@\"\n  _files\n}\n"
         "_roofline() {\n  local command=$words[2]\n  if (( CURRENT == 2 )); then\n"
      << fmt::format("    compadd -- {} --help --version\n    return\n  fi\n",
                     join(next_words(""), " "));
  for (const std::string& first : prefixes()) {
    out << fmt::format(
        "  if [[ $command == {0} ]]; then\n    if (( CURRENT == 3 )); then\n"
        "      compadd -- {1}\n      return\n    fi\n    command+=\" $words[3]\"\n"
        "    shift words\n    (( CURRENT-- ))\n  fi\n",
        first, join(next_words(first + " "), " "));
  }
  out << "  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const Command* command : commands()) {
    out << fmt::format("    {})\n      _arguments -S '--help[explain the command]'",
                       shell_quoted(command->name));
    for (const OptionSpec& option : command->options) {
      const std::string values =
          option.value.empty() ? ""
                               : zsh_values(option.value, choices(option), is_file(option.value));
      for (const std::string_view name : {option.name, option.short_name}) {
        if (name.empty()) continue;
        out << " \\\n        "
            << shell_quoted(fmt::format("{}{}[{}]{}", option.repeatable ? "*" : "", name,
                                        zsh_help(option.help), values));
      }
    }
    if (command->takes_operand()) {
      out << " \\\n        "
          << shell_quoted(
                 (command->takes_many() ? "*" : "1") +
                 zsh_values(command->operand, operands(*command), is_file(command->operand)));
    }
    out << " ;;\n";
  }
  // As a file of fpath it is the body of _roofline, which the first completion runs.
  out << "  esac\n}\nif [[ $funcstack[1] == _roofline ]]; then\n  _roofline \"$@\"\nelse\n"
         "  compdef _roofline roofline\nfi\n";
}

constexpr std::string_view kFishHead =
    R"(# fish completion for roofline: roofline completion fish | source
function __roofline_is
    set -l words (commandline -opc)
    set -e words[1]
    set -l wanted (string split ' ' -- $argv[1])
    test (count $words) -ge (count $wanted); and test "$words[1..$(count $wanted)]" = "$argv[1]"
end
function __roofline_starts
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv[1]"
end
complete -c roofline -f
)";

void print_fish(std::ostream& out) {
  out << kFishHead;
  out << fmt::format("complete -c roofline -n '__roofline_starts \"\"' -a '{}'\n",
                     join(next_words(""), " "));
  out << "complete -c roofline -n '__roofline_starts \"\"' -l version -d 'how it was built'\n"
         "complete -c roofline -l help -d 'explain the command'\n";
  for (const std::string& first : prefixes()) {
    out << fmt::format("complete -c roofline -n '__roofline_starts {}' -a '{}'\n", first,
                       join(next_words(first + " "), " "));
  }
  for (const Command* command : commands()) {
    const std::string head =
        fmt::format("complete -c roofline -n '__roofline_is \"{}\"'", command->name);
    if (command->takes_operand()) {
      const std::string names = operands(*command);
      if (is_file(command->operand)) out << head << " -F\n";
      if (!names.empty()) out << head << " -a '" << names << "'\n";
    }
    for (const OptionSpec& option : command->options) {
      out << head << " -l " << option.name.substr(2);
      if (!option.short_name.empty()) out << " -s " << option.short_name.substr(1);
      if (!option.value.empty()) out << (is_file(option.value) ? " -r -F" : " -x");
      const std::string names = choices(option);
      if (!names.empty()) out << " -a '" << names << "'";
      out << " -d " << fish_quoted(option.help) << '\n';
    }
  }
}

Names shells() { return {"bash", "zsh", "fish"}; }

ExitCode run_completion(const Arguments& arguments, const Streams& streams) {
  const std::string& shell = arguments.positionals.front();
  if (shell == "bash")
    print_bash(streams.out);
  else if (shell == "zsh")
    print_zsh(streams.out);
  else if (shell == "fish")
    print_fish(streams.out);
  else
    throw usage_error(fmt::format("there is no completion for '{}', expected one of {}",
                                  printable(shell), join(shells(), ", ")),
                      did_you_mean_hint(shell, shells()));
  return ExitCode::kOk;
}

}  // namespace

const Command kCompletionCommand{
    "completion",
    "SHELL",
    "print a script that completes commands, flags and values in bash, zsh or fish",
    {},
    "source <(roofline completion bash)        in ~/.bashrc\n"
    "source <(roofline completion zsh)         in ~/.zshrc, below compinit\n"
    "roofline completion fish | source         in ~/.config/fish/config.fish",
    run_completion,
    shells};

}  // namespace roofline::cli
