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
               .help = "whose rules decide what runs: none, basic (default), "
                       "onnxruntime[:off|basic|extended|all], tensorrt, ncnn or pytorch[:compile]"},
    OptionSpec{
        .group = "machine",
        .name = "--runtime-version",
        .value = "V",
        .help = "its release, as in 8.5, where a calibration knows several; the newest by default"},
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
    OptionSpec{.group = "machine",
               .name = "--copies",
               .help = "add the time in which inputs and outputs cross the link to the host"},
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

constexpr std::array kCalibrateEmitOptions = {
    OptionSpec{.group = "models",
               .name = "--half",
               .value = "WHICH",
               .help = "every second model only: even or odd; either half spans all sizes"},
};

constexpr OptionSpec kFitBase = {
    .group = "machine",
    .name = "--base",
    .value = "ID|FILE",
    .help = "the machine that was measured; its fitted times go into --output"};
constexpr OptionSpec kFitOutput = {.group = "output",
                                   .name = "--output",
                                   .value = "FILE",
                                   .help = "where to write the fitted profile",
                                   .short_name = "-o"};
constexpr OptionSpec kFitModels = {.group = "measurements",
                                   .name = "--models",
                                   .value = "DIR",
                                   .help =
                                       "where the measured models are; beside the "
                                       "measurements by default",
                                   .repeatable = true};
constexpr OptionSpec kFitRuntime = {.group = "measurements",
                                    .name = "--runtime",
                                    .value = "NAME",
                                    .help = "rows of this runtime only"};
constexpr OptionSpec kFitStart = {
    .group = "fit",
    .name = "--start",
    .value = "NAME|FILE",
    .help = "calibration to start from; by default the machine's own, or its kind's"};
constexpr OptionSpec kFitForce = {.group = "fit",
                                  .name = "--force",
                                  .help =
                                      "write the profile even if it predicts no better than "
                                      "what the fit started from"};

constexpr std::array kCalibrateFitOptions = {
    kFitBase,
    kFitModels,
    kFitRuntime,
    OptionSpec{.group = "output",
               .name = "--as",
               .value = "NAME",
               .help = "runtime that the result is for; that of the rows by default"},
    OptionSpec{.group = "measurements",
               .name = "--without",
               .value = "ID",
               .help = "leave out the rows of one machine"},
    kFitStart,
    OptionSpec{.group = "fit",
               .name = "--free",
               .value = "PATTERN",
               .help = "parameters to fit, as in 'terms.step_s' or 'kernels.conv.*'; by default "
                       "those that single operators determine",
               .repeatable = true},
    OptionSpec{.group = "fit",
               .name = "--per-machine",
               .value = "PATTERN",
               .help = "parameters that each machine of the rows has for itself, as terms.compute",
               .repeatable = true},
    kFitForce,
    kFitOutput,
};
constexpr std::array kCalibrateAnchorOptions = {kFitBase,  kFitModels, kFitRuntime,
                                                kFitStart, kFitForce,  kFitOutput};

constexpr std::array kCalibrateHostOptions = {
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "profile to write",
               .short_name = "-o"},
    OptionSpec{.group = "output",
               .name = "--id",
               .value = "NAME",
               .help = "id of the profile; by default the name of the file without .yaml"},
};

constexpr std::array kValidateOptions = {
    OptionSpec{.group = "measurements",
               .name = "--measured",
               .value = "FILE",
               .help = "measured times: CSV, JSON of tools/measure-onnxruntime, or a profile of "
                       "ONNX Runtime or trtexec; repeat for several",
               .repeatable = true},
    OptionSpec{.group = "measurements",
               .name = "--models",
               .value = "DIR",
               .help = "where the measured models are; beside the measurements by default",
               .repeatable = true},
    OptionSpec{.group = "machine",
               .name = "--hardware",
               .value = "ID|FILE",
               .help = "the machine, whatever the measurements say"},
    OptionSpec{.group = "machine",
               .name = "--runtime",
               .value = "NAME",
               .help = "the runtime's rules, whatever the measurements say"},
    OptionSpec{.group = "machine",
               .name = "--precision",
               .value = "P",
               .help = "as-is or a precision, whatever the measurements say"},
    OptionSpec{.group = "machine",
               .name = "--threads",
               .value = "N",
               .help = "cores of a CPU, whatever the measurements say"},
    OptionSpec{.group = "machine",
               .name = "--roof",
               .value = "KIND",
               .help = "peaks of the data sheet (datasheet, default) or measured ones (measured)"},
    OptionSpec{.group = "machine",
               .name = "--dim",
               .value = "NAME=N",
               .help = "size of a symbolic dimension, in every model that has it",
               .repeatable = true},
    OptionSpec{.group = "output",
               .name = "--format",
               .value = "F",
               .help = "text (default), json or csv; the last two list every row, in order"},
    OptionSpec{.group = "output",
               .name = "--layers",
               .help = "csv: one line per matched layer, with attained FLOP/s and intensity"},
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "write the result to a file, whole or not at all",
               .short_name = "-o"},
    OptionSpec{.group = "text",
               .name = "--sort",
               .value = "KEY",
               .help = "error (default), order, measured, predicted or model"},
    OptionSpec{.group = "text",
               .name = "--top",
               .value = "N",
               .help = "rows and layers to list: 20 by default, 0 for all"},
};
constexpr std::string_view kValidateExamples =
    "roofline validate resnet50.onnx --measured times.json --hardware my_host.yaml\n"
    "roofline validate --models models --measured rows.csv --sort model --top 0\n"
    "roofline validate resnet50.onnx --measured onnxruntime_profile.json --hardware my_host.yaml "
    "\\\n"
    "  --format csv --layers";

constexpr std::array kCommands = {
    Command{"analyze", "MODEL", "price every layer of a model, on machines if given",
            kAnalyzeOptions, kAnalyzeExamples, run_analyze},
    Command{"calibrate emit", "DIR",
            "write the models whose times tell how fast a runtime runs each kind of operator",
            kCalibrateEmitOptions, "roofline calibrate emit /tmp/calibration", run_calibrate_emit},
    Command{"calibrate fit", "MEASUREMENTS",
            "fit a machine's times to measurements of many operators or models",
            kCalibrateFitOptions,
            "roofline calibrate fit times.json --base host.yaml -o host.yaml\n"
            "roofline calibrate fit rows.csv --start gpu-tensorrt --models models -o family.yaml",
            run_calibrate_fit},
    Command{"calibrate anchor", "MEASUREMENTS",
            "adapt what is known of its kind to one machine, from a few whole-model times",
            kCalibrateAnchorOptions,
            "roofline calibrate anchor three_rows.csv --base l4 --models models -o my_l4.yaml",
            run_calibrate_anchor},
    Command{"calibrate host", "", "measure this machine and write a profile of it",
            kCalibrateHostOptions,
            "roofline calibrate host -o host.yaml\n"
            "roofline calibrate host -o host.yaml --id build-server",
            run_calibrate_host},
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
    Command{"validate", "[MODEL...]", "compare predicted with measured times, of models and layers",
            kValidateOptions, kValidateExamples, run_validate},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace roofline::cli
