// Every way to misuse the command line, with the whole text of its error.
#include <gtest/gtest.h>

#include "fixture.hpp"

namespace roofline::cli {
namespace {

struct UsageCase {
  std::vector<std::string> args;
  std::string err;  ///< behind "roofline: error[usage]: "
};

/// Keeps raw bytes out of failure messages.
void PrintTo(const UsageCase& c, std::ostream* out) { *out << testing::PrintToString(c.args); }

class UsageErrors : public testing::TestWithParam<UsageCase> {};

TEST_P(UsageErrors, SayWhatWasFoundAndExpected) {
  const Outcome got = run(GetParam().args);
  EXPECT_EQ(got.err, "roofline: error[usage]: " + GetParam().err);
  EXPECT_EQ(got.out, "");
  EXPECT_EQ(got.code, 2);
}

INSTANTIATE_TEST_SUITE_P(
    Commands, UsageErrors,
    testing::Values(
        UsageCase{{},
                  "no command was given, expected analyze, compare, diff, check, "
                  "sweep, request, advise, scenarios, ops, strip, hardware, calibrate, validate, "
                  "completion\n"
                  "  hint: 'roofline --help' explains them\n"},
        UsageCase{{"analyse", "m.onnx"},
                  "roofline has no command 'analyse', expected analyze, compare, diff, "
                  "check, sweep, request, advise, scenarios, ops, strip, hardware, "
                  "calibrate, validate, completion\n"
                  "  hint: did you mean 'analyze'?\n"},
        UsageCase{{"frobnicate"},
                  "roofline has no command 'frobnicate', expected analyze, compare, "
                  "diff, check, sweep, request, advise, scenarios, ops, strip, hardware, "
                  "calibrate, validate, completion\n"
                  "  hint: 'roofline --help' explains them\n"},
        UsageCase{{"hardware"}, "roofline hardware: expected list, show, check\n"},
        UsageCase{{"hardware", "lst"},
                  "roofline hardware has no command 'lst', expected list, show, check\n"
                  "  hint: did you mean 'list'?\n"},
        UsageCase{{"--format", "json", "analyze", "m.onnx"},
                  "'--format' stands before the command\n"
                  "  hint: write it behind: roofline COMMAND ... FLAGS\n"},
        UsageCase{{"a\x1b[31m"},
                  "roofline has no command 'a\\x1b[31m', expected analyze, compare, "
                  "diff, check, sweep, request, advise, scenarios, ops, strip, hardware, "
                  "calibrate, validate, completion\n"
                  "  hint: 'roofline --help' explains them\n"}));

INSTANTIATE_TEST_SUITE_P(
    Operands, UsageErrors,
    testing::Values(UsageCase{{"analyze"},
                              "roofline analyze: MODEL|DIR... is missing\n"
                              "  hint: 'roofline analyze --help' shows examples\n"},
                    UsageCase{{"strip", "a.onnx", "b.onnx"},
                              "roofline strip: unexpected argument 'b.onnx'\n"
                              "  hint: it takes one MODEL\n"},
                    UsageCase{{"hardware", "list", "v100"},
                              "roofline hardware list: unexpected argument 'v100'\n"},
                    UsageCase{{"hardware", "show"},
                              "roofline hardware show: ID|FILE is missing\n"
                              "  hint: 'roofline hardware show --help' shows examples\n"},
                    UsageCase{{"strip", "m.onnx"},
                              "roofline strip: -o FILE is missing\n"
                              "  hint: a copy is written, MODEL stays\n"},
                    UsageCase{
                        {"completion", "fisch"},
                        "there is no completion for 'fisch', expected one of bash, zsh, fish\n"
                        "  hint: did you mean 'fish'?\n"},
                    UsageCase{{"ops", "Convv"},
                              "there is no operator 'Convv' in the table\n"
                              "  hint: did you mean 'Conv'?\n"}));

INSTANTIATE_TEST_SUITE_P(
    Flags, UsageErrors,
    testing::Values(
        UsageCase{{"analyze", "m.onnx", "--hardwar", "v100"},
                  "roofline analyze has no flag '--hardwar'\n"
                  "  hint: did you mean '--hardware'?\n"},
        UsageCase{{"analyze", "m.onnx", "--bogus=3"},
                  "roofline analyze has no flag '--bogus'\n"
                  "  hint: 'roofline analyze --help' lists all flags\n"},
        UsageCase{{"analyze", "m.onnx", "-x"},
                  "roofline analyze has no flag '-x'\n"
                  "  hint: 'roofline analyze --help' lists all flags\n"},
        UsageCase{{"analyze", "m.onnx", "--top"}, "--top needs a value: N\n"},
        UsageCase{{"analyze", "m.onnx", "-o"}, "--output needs a value: FILE\n"},
        UsageCase{{"analyze", "--output=", "m.onnx"}, "--output needs a value: FILE\n"},
        UsageCase{{"analyze", "m.onnx", "--strict=no"}, "--strict takes no value\n"},
        UsageCase{{"analyze", "m.onnx", "--top", "3", "--top", "4"},
                  "--top was given 2 times, expected once\n"},
        UsageCase{{"analyze", "m.onnx", "--top", "-1"},
                  "--top: found '-1', expected a whole number, at least 0\n"},
        UsageCase{{"analyze", "m.onnx", "--top", "1e3"},
                  "--top: found '1e3', expected a whole number, at least 0\n"},
        UsageCase{
            {"analyze", "m.onnx", "--format", "jsn"},
            "--format: found 'jsn', expected one of text, markdown, json, ndjson, csv, svg, html\n"
            "  hint: did you mean 'json'?\n"},
        UsageCase{{"analyze", "m.onnx", "--sort", "name"},
                  "--sort: found 'name', expected one of time, order, macs, flops, traffic, "
                  "intensity, parameters, memory\n"},
        UsageCase{{"analyze", "m.onnx", "--group-by", "layer"},
                  "--group-by: found 'layer', expected one of op, class, scope\n"}));

INSTANTIATE_TEST_SUITE_P(
    Sizes, UsageErrors,
    testing::Values(
        UsageCase{{"analyze", "m.onnx", "--dim", "batch"},
                  "--dim: found 'batch', expected a size as in batch=8\n"},
        UsageCase{{"analyze", "m.onnx", "--dim", "=8"},
                  "--dim: found '=8', expected a size as in batch=8\n"},
        UsageCase{{"analyze", "m.onnx", "--dim", "batch=eight"},
                  "--dim: found 'eight', expected a whole number, at least 0\n"},
        UsageCase{{"analyze", "m.onnx", "--dim", "batch=99999999999999999999"},
                  "--dim: found '99999999999999999999', expected a whole number, at least 0\n"},
        UsageCase{{"analyze", "m.onnx", "--dim", "b=1", "--dim", "b=2"},
                  "--dim: 'b' was given twice\n"},
        UsageCase{{"analyze", "m.onnx", "--shape", "x=1x3x"},
                  "--shape: found '1x3x', expected sizes as in 1x3x224x224, or scalar\n"},
        UsageCase{{"analyze", "m.onnx", "--shape", "x=1x-3"},
                  "--shape: found '1x-3', expected sizes as in 1x3x224x224, or scalar\n"},
        UsageCase{{"analyze", "m.onnx", "--shape", "x"},
                  "--shape: found 'x', expected a shape as in image=1x3x224x224 or image=scalar\n"},
        UsageCase{{"analyze", "m.onnx", "--value", "x=1,,2"},
                  "--value: found '1,,2', expected numbers as in 1,2,3\n"},
        UsageCase{{"analyze", "m.onnx", "--value", "x=nan"},
                  "--value: found 'nan', expected numbers as in 1,2,3\n"},
        UsageCase{{"analyze", "m.onnx", "--value", "x="},
                  "--value: found 'x=', expected elements as in steps=1,2,3\n"}));

INSTANTIATE_TEST_SUITE_P(
    Machine, UsageErrors,
    testing::Values(
        UsageCase{{"analyze", "m.onnx", "--hardware", "v100,"},
                  "--hardware: found 'v100,', expected ids or files separated by commas\n"},
        UsageCase{{"analyze", "m.onnx", "--hardware", "v100", "--precision", "fp12"},
                  "--precision: found 'fp12', expected one of as-is, fp64, fp32, tf32, fp16, bf16, "
                  "fp8, int8, int4\n  hint: did you mean 'fp32'?\n"},
        UsageCase{{"analyze", "m.onnx", "--hardware", "v100", "--runtime", "basics"},
                  "--runtime: found 'basics', expected one of none, basic, "
                  "onnxruntime, onnxruntime:off, onnxruntime:basic, onnxruntime:extended, "
                  "onnxruntime:all, tensorrt, tensorrt:mlperf, tensorrt:paddle, "
                  "tensorrt:torch2trt, ncnn, pytorch, pytorch:channels_last, pytorch:compile\n"
                  "  hint: did you mean 'basic'?\n"},
        UsageCase{{"analyze", "m.onnx", "--hardware", "v100", "--roof", "best"},
                  "--roof: found 'best', expected one of datasheet, measured\n"},
        UsageCase{{"analyze", "m.onnx", "--hardware", "v100", "--threads", "0"},
                  "--threads: found '0', expected a whole number, at least 1\n"}));

INSTANTIATE_TEST_SUITE_P(
    Combinations, UsageErrors,
    testing::Values(UsageCase{{"analyze", "m.onnx", "--precision", "fp16"},
                              "--precision has no effect without --hardware\n"},
                    UsageCase{{"analyze", "m.onnx", "--format", "json", "--top", "3"},
                              "--top has no effect without --format text or markdown\n"},
                    UsageCase{{"analyze", "m.onnx", "--tensors"},
                              "--tensors has no effect without --format json or ndjson\n"},
                    UsageCase{{"analyze", "m.onnx", "--sort", "time"},
                              "--sort time has no effect without --hardware\n"},
                    UsageCase{{"analyze", "m.onnx", "--explain", "conv1", "--top", "3"},
                              "--top has no effect beside --explain\n"},
                    UsageCase{{"diff", "a.onnx", "b.onnx", "--format", "json", "--top", "3"},
                              "--top has no effect without --format text or markdown\n"},
                    UsageCase{{"diff", "a.onnx", "b.onnx", "--roof", "measured"},
                              "--roof has no effect without --hardware\n"}));

INSTANTIATE_TEST_SUITE_P(
    Growth, UsageErrors,
    testing::Values(UsageCase{{"diff", "a.onnx", "b.onnx", "c.onnx"},
                              "roofline diff: unexpected argument 'c.onnx'\n"
                              "  hint: it takes OLD NEW\n"},
                    UsageCase{{"diff", "a.onnx", "b.onnx", "--fail-on", "latncy:+5%"},
                              "--fail-on: found 'latncy', expected one of latency, roofline, "
                              "planned_bytes, dram_bytes, peak_memory, copies, nodes, parameters, "
                              "weight_bytes, macs, flops, transcendentals, traffic\n"
                              "  hint: did you mean 'latency'?\n"},
                    UsageCase{{"diff", "a.onnx", "b.onnx", "--fail-on", "macs:+0,latency:5%"},
                              "--fail-on: found 'latency:5%', expected growth as in latency:+5% or "
                              "latency:+1ms\n"},
                    UsageCase{{"diff", "a.onnx", "b.onnx", "--fail-on", "latency:+-5ms"},
                              "--fail-on: found 'latency:+-5ms', expected growth as in latency:+5% "
                              "or latency:+1ms\n"},
                    UsageCase{{"diff", "a.onnx", "b.onnx", "--fail-on", "traffic:+2ms"},
                              "--fail-on: found 'traffic:+2ms', expected growth as in traffic:+5% "
                              "or traffic:+2MB\n"},
                    UsageCase{{"diff", "a.onnx", "b.onnx", "--fail-on", "nodes"},
                              "--fail-on: found 'nodes', expected growth as in nodes:+5% or "
                              "nodes:+0\n"}));

INSTANTIATE_TEST_SUITE_P(
    ManyModels, UsageErrors,
    testing::Values(UsageCase{{"analyze", "a.onnx", "b.onnx", "--format", "json"},
                              "--format json is one report, not many\n"
                              "  hint: --format ndjson writes one JSON report per line\n"},
                    UsageCase{{"analyze", "a.onnx", "--totals", "--format", "json"},
                              "--format json is one report, not many\n"
                              "  hint: --format ndjson writes one JSON report per line\n"},
                    UsageCase{{"analyze", ROOFLINE_ROOT "/models", "--explain", "conv1"},
                              "--explain is for one model, not for many\n"
                              "  hint: name one .onnx file, without --jobs and --totals\n"},
                    UsageCase{{"analyze", "a.onnx", "b.onnx", "--dims"},
                              "--dims is for one model, not for many\n"
                              "  hint: name one .onnx file, without --jobs and --totals\n"},
                    UsageCase{{"analyze", "a.onnx", "--jobs", "2", "--sort", "flops"},
                              "--sort is for one model, not for many\n"
                              "  hint: name one .onnx file, without --jobs and --totals\n"},
                    UsageCase{{"analyze", "a.onnx", "--jobs", "all"},
                              "--jobs: found 'all', expected a whole number, at least 0\n"}));

TEST(Arguments, HardwareThatIsNotKnown) {
  const Outcome got = run({"analyze", sample_model(), "--hardware", "v1000"});
  EXPECT_EQ(got.err,
            "roofline: error[unknown-hardware]: there is no hardware profile 'v1000'\n"
            "  hint: did you mean 'v100'?\n");
  EXPECT_EQ(got.code, 2);
}

TEST(Arguments, ModelThatIsNotThere) {
  const Outcome got = run({"analyze", "--", "-no-such-model.onnx"});
  EXPECT_EQ(got.code, 3);
  EXPECT_EQ(got.out, "");
  EXPECT_TRUE(got.err.starts_with("roofline: error[")) << got.err;
}

}  // namespace
}  // namespace roofline::cli
