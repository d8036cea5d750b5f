#pragma once
#include <array>
#include <string_view>

#include "command.hpp"
#include "option_groups.hpp"

namespace roofline::cli {

/// The flags of `roofline check --init`: what a budget file can say of a machine, and sizes.
inline constexpr std::array kInitOptions = {
    OptionSpec{.group = "first budget",
               .name = "--init",
               .help = "write a budget of MODEL from today's figures; the flags below go with it"},
    OptionSpec{.group = "first budget",
               .name = "--headroom",
               .value = "SHARE",
               .help = "how much more than today it allows: 5% by default"},
};
inline constexpr auto kInitMachineOptions = [] {
  constexpr std::array<std::string_view, 4> kNames = {"--hardware", "--runtime", "--precision",
                                                      "--threads"};
  std::array<OptionSpec, kNames.size()> options{};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    for (const OptionSpec& option : kMachineOptions) {
      if (option.name == kNames[i]) options[i] = option;
    }
  }
  return options;
}();
inline constexpr auto kCheckInitOptions = joined(kInitOptions, kInitMachineOptions, kSizeOptions);

/// Throws Error.
ExitCode run_check_init(const Arguments& arguments, const Streams& streams);

}  // namespace roofline::cli
