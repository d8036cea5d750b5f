// Owns the list of commands, their flags and examples.
// Refuses to run anything.
#include <array>

#include "command.hpp"

namespace roofline::cli {
namespace {

constexpr std::array kAnalyzeOptions = {
    OptionSpec{.group = "machine",
               .name = "--hardware",
               .value = "ID|FILE",
               .help = "predict times on a machine of 'roofline hardware list' or of a YAML file; "
                       "repeat, or separate with commas, for several",
               .repeatable = true},
    OptionSpec{.group = "machine",
               .name = "--runtime",
               .value = "NAME",
               .help = "rules by which operators are fused: none or basic (default)"},
    OptionSpec{.group = "machine",
               .name = "--precision",
               .value = "P",
               .help = "as-is (default), fp64, fp32, tf32, fp16, bf16, fp8, int8 or int4"},
    OptionSpec{.group = "machine",
               .name = "--threads",
               .value = "N",
               .help = "cores of a CPU to use; all by default"},
    OptionSpec{.group = "machine",
               .name = "--roof",
               .value = "KIND",
               .help = "peaks of the data sheet (datasheet, default) or measured ones (measured)"},
    OptionSpec{.group = "sizes",
               .name = "--dim",
               .value = "NAME=N",
               .help = "size of a symbolic dimension, as in batch=8; 1 where none is given",
               .repeatable = true},
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
    OptionSpec{.group = "sizes",
               .name = "--dims",
               .help = "list the sizes that the model leaves open, and where they stand"},
    OptionSpec{.group = "output",
               .name = "--format",
               .value = "F",
               .help = "text (default), json or csv; the last two list every layer, in order"},
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "write the report to a file, whole or not at all",
               .short_name = "-o"},
    OptionSpec{
        .group = "output", .name = "--tensors", .help = "json: list the type of every tensor"},
    OptionSpec{.group = "output",
               .name = "--strict",
               .help = "exit with 4 when a cost is unknown or a dimension was assumed"},
    OptionSpec{.group = "text",
               .name = "--sort",
               .value = "KEY",
               .help = "time (default on a machine), flops (default without one), order, macs, "
                       "traffic, intensity, parameters or memory"},
    OptionSpec{.group = "text",
               .name = "--top",
               .value = "N",
               .help = "layers to list: 20 by default, 0 for all"},
    OptionSpec{.group = "text",
               .name = "--group-by",
               .value = "WHAT",
               .help = "sum layers by op, class or scope (leading parts of their names)"},
    OptionSpec{.group = "text",
               .name = "--explain",
               .value = "NODE",
               .help = "derive the figures of one node, term by term, instead of listing layers"},
};
constexpr std::string_view kAnalyzeExamples =
    "roofline analyze resnet50.onnx --hardware v100 --precision fp16 --dim batch=32\n"
    "roofline analyze resnet50.onnx --hardware v100,my_board.yaml --group-by op\n"
    "roofline analyze resnet50.onnx --explain layer1.0/conv1\n"
    "roofline analyze resnet50.onnx --strict --format json --output resnet50.json";

constexpr std::array kStripOptions = {
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "where to write the stripped model",
               .short_name = "-o"},
};

constexpr std::array kCommands = {
    Command{"analyze", "MODEL", "price every layer of a model, on machines if given",
            kAnalyzeOptions, kAnalyzeExamples, run_analyze},
    Command{"hardware list",
            "",
            "list the machines that --hardware knows",
            {},
            "roofline hardware list",
            run_hardware_list},
    Command{"hardware show",
            "ID|FILE",
            "show every fact of one machine, with its source",
            {},
            "roofline hardware show v100",
            run_hardware_show},
    Command{"hardware check",
            "FILE",
            "check a machine description before using it",
            {},
            "roofline hardware check my_board.yaml",
            run_hardware_check},
    Command{"ops",
            "[NAME]",
            "list the operators whose cost is known, or one in detail",
            {},
            "roofline ops\nroofline ops Conv\nroofline ops com.microsoft.Attention",
            run_ops},
    Command{"strip", "MODEL", "remove a model's weights; every cost stays the same", kStripOptions,
            "roofline strip resnet50.onnx -o resnet50_stripped.onnx", run_strip},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace roofline::cli
