#pragma once
#include <array>
#include <cstddef>

#include "command.hpp"
#include "question.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/plan/plan.hpp"
#include "values.hpp"

namespace roofline::cli {

/// Groups of flags, one after the other: what Command::options points at.
template <std::size_t... N>
[[nodiscard]] constexpr auto joined(const std::array<OptionSpec, N>&... groups) {
  std::array<OptionSpec, (N + ...)> all{};
  std::size_t next = 0;
  const auto append = [&](const auto& group) {
    for (const OptionSpec& option : group) all[next++] = option;
  };
  (append(groups), ...);
  return all;
}

/// The machine and how it is used: read by question().
inline constexpr std::array kMachineOptions = {
    OptionSpec{.group = "machine",
               .name = "--hardware",
               .value = "ID|FILE",
               .help = "predict times on a machine of 'roofline hardware list' or of a YAML file; "
                       "repeat, or separate with commas, for several",
               .repeatable = true,
               .choices = hardware::list_ids,
               .open = true},
    OptionSpec{.group = "machine",
               .name = "--runtime",
               .value = "NAME",
               .help = "whose rules decide what runs: none, basic (default), "
                       "onnxruntime[:off|basic|extended|all], tensorrt, ncnn or pytorch[:compile]",
               .choices = plan::runtime_names},
    OptionSpec{
        .group = "machine",
        .name = "--runtime-version",
        .value = "V",
        .help = "its release, as in 8.5, where a calibration knows several; the newest by default"},
    OptionSpec{.group = "machine",
               .name = "--precision",
               .value = "P",
               .help = "as-is (default), fp64, fp32, tf32, fp16, bf16, fp8, int8 or int4",
               .choices = plan::precision_names},
    OptionSpec{.group = "machine",
               .name = "--threads",
               .value = "N",
               .help = "cores of a CPU to use; all by default"},
    OptionSpec{.group = "machine",
               .name = "--roof",
               .value = "KIND",
               .help = "peaks of the data sheet (datasheet, default) or measured ones (measured)",
               .choices = roof_names},
    OptionSpec{.group = "machine",
               .name = "--copies",
               .help = "add the time in which inputs and outputs cross the link to the host"},
};
/// The same with several precisions, for a sweep.
inline constexpr auto kSweepMachineOptions = [] {
  auto options = kMachineOptions;
  for (OptionSpec& option : options) {
    if (option.name != "--precision") continue;
    option.value = "P,...";
    option.help =
        "one or several of as-is (default), fp64, fp32, tf32, fp16, bf16, fp8, int8 and int4";
    option.list = true;
  }
  return options;
}();
/// Sizes that a model leaves open: read by question().
inline constexpr std::array kOtherSizeOptions = {
    OptionSpec{.group = "sizes",
               .name = "--shape",
               .value = "TENSOR=DIMS",
               .help = "shape of an input or any other tensor, as in image=1x3x224x224, or =scalar",
               .repeatable = true},
    OptionSpec{.group = "sizes",
               .name = "--value",
               .value = "TENSOR=LIST",
               .help = "elements of a small tensor that shapes depend on, as in steps=1,2,3",
               .repeatable = true},
    OptionSpec{.group = "sizes",
               .name = "--trip-count",
               .value = "NODE=N",
               .help = "iterations of a Loop whose number the model leaves open",
               .repeatable = true},
};
inline constexpr auto kSizeOptions =
    joined(std::array{OptionSpec{
               .group = "sizes",
               .name = "--dim",
               .value = "NAME=N",
               .help = "size of a symbolic dimension, as in batch=8; 1 where none is given",
               .repeatable = true}},
           kOtherSizeOptions);
/// The same where dimensions may take ranges: read by question(arguments, Ranges::kAllowed).
inline constexpr auto kSweepSizeOptions =
    joined(std::array{OptionSpec{
               .group = "sizes",
               .name = "--dim",
               .value = "NAME=RANGE",
               .help = "sizes of a symbolic dimension: 1..256 (all), 1..256*2 (doubling), "
                       "64..512+64 (in steps), 1,8,64, or one; the first range is the axis",
               .repeatable = true}},
           kOtherSizeOptions);
/// What-ifs: read by question().
inline constexpr std::array kScenarioOptions = {
    OptionSpec{.group = "what if",
               .name = "--scenario",
               .value = "NAME[:ARGS]",
               .help = "price a change of 'roofline scenarios', as in winograd or prune:0.5, "
                       "beside the model as it is; repeat for several at once, or name a YAML "
                       "file that lists them",
               .repeatable = true,
               .choices = scenario_names,
               .open = true},
};
/// How a comparison of reports is written: read by read_rendering().
inline constexpr std::array kRenderingOptions = {
    OptionSpec{.group = "output",
               .name = "--format",
               .value = "F",
               .help = "text (default), markdown or json",
               .choices =
                   [] {
                     return Names{"text", "markdown", "json"};
                   }},
    OptionSpec{.group = "output",
               .name = "--top",
               .value = "N",
               .help = "text, markdown: layers to list, 20 by default, 0 for all"},
};
inline constexpr std::array kOutputOption = {
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "write the report to a file, whole or not at all",
               .short_name = "-o"},
};

}  // namespace roofline::cli
