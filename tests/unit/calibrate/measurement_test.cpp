// Owns the formats of measurements: what each row becomes, and what is said of rows left out.
// Refuses to test predictions.
#include "roofline/calibrate/measurement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace roofline::calibrate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string text_of(const Diagnostic& diagnostic) {
  return format_diagnostic(diagnostic).substr(std::string("roofline: ").size());
}

std::vector<std::string> findings(const Measurements& read) {
  std::vector<std::string> texts;
  for (const Diagnostic& diagnostic : read.diagnostics) texts.push_back(text_of(diagnostic));
  return texts;
}

std::string error_of(std::string text) {
  try {
    (void)parse_measurements(std::move(text), "m");
  } catch (const Error& error) {
    return text_of(error.diagnostic());
  }
  return "no error\n";
}

TEST(MeasurementCsv, EveryColumn) {
  const Measurements read = parse_measurements(
      "# published, with line\n"
      "model,hardware,runtime,version,precision,threads,batch,dim:seq,dims,latency_ms,source\r\n"
      "\r\n"
      "bert.onnx,v100,tensorrt,\"8.0, OSS\",fp16,,8,128,past=4;heads=12,1.5,\"a \"\"b\"\",\nc\"\r\n"
      "  resnet50 , rpi4b ,ncnn,,, 4,,,,250,\n",
      "m.csv");
  EXPECT_THAT(findings(read), IsEmpty());
  ASSERT_EQ(read.rows.size(), 2U);
  const Measurement& bert = read.rows[0];
  EXPECT_EQ(bert.model, "bert.onnx");
  EXPECT_EQ(bert.hardware, "v100");
  EXPECT_EQ(bert.runtime, "tensorrt");
  EXPECT_EQ(bert.version, "8.0, OSS");
  EXPECT_EQ(bert.precision, "fp16");
  EXPECT_EQ(bert.threads, 0);
  EXPECT_EQ(bert.dims, (std::map<std::string, std::int64_t>{
                           {"batch", 8}, {"heads", 12}, {"past", 4}, {"seq", 128}}));
  EXPECT_DOUBLE_EQ(bert.seconds, 1.5e-3);
  EXPECT_EQ(bert.source, "a \"b\",\nc");
  EXPECT_EQ(bert.line, 4);
  EXPECT_EQ(read.rows[1].model, "resnet50");
  EXPECT_EQ(read.rows[1].hardware, "rpi4b");
  EXPECT_EQ(read.rows[1].threads, 4);
  EXPECT_TRUE(read.rows[1].dims.empty());
  EXPECT_EQ(read.rows[1].line, 6);
}

TEST(MeasurementCsv, BadRowsAreToldAndLeftOut) {
  const Measurements read = parse_measurements(
      "model,latency_s,batch\n"
      "a,1,1\n"
      "b,-1,1\n"
      "c,0,1\n"
      "d,nan,1\n"
      "e,inf,1\n"
      "f,1e-9,1\n"
      "g,7200,1\n"
      "h,,1\n"
      ",1,1\n"
      "i,fast,1\n"
      "j,1,-2\n"
      "k,1\n",
      "m.csv");
  ASSERT_EQ(read.rows.size(), 1U);
  const std::string head = "warning[bad-measurement]: m.csv:";
  const std::string tail = "; the row is left out\n";
  EXPECT_THAT(
      findings(read),
      ElementsAre(head + "3: the time of 'b' is negative" + tail,
                  head + "4: the time of 'c' is zero" + tail,
                  head + "5: the time of 'd' is not finite" + tail,
                  head + "6: the time of 'e' is not finite" + tail,
                  head + "7: the time of 'f' is 1.00 ns, below 100 ns: a mistake of unit?" + tail,
                  head + "8: the time of 'g' is 7200 s, above 3600 s: a mistake of unit?" + tail,
                  head + "9: latency_s is empty" + tail, head + "10: model is empty" + tail,
                  head + "11: latency_s is 'fast', expected a number" + tail,
                  head + "12: batch is '-2', expected a whole number, at least 0" + tail,
                  head + "13: the row has 2 cells, the header 3" + tail));
}

TEST(MeasurementCsv, RepeatedRows) {
  const Measurements read =
      parse_measurements("model,batch,latency_ms\nnet,1,2\nnet,8,9\nnet,1,2\nnet,1,3\n", "m.csv");
  ASSERT_EQ(read.rows.size(), 2U);
  EXPECT_DOUBLE_EQ(read.rows[0].seconds, 2e-3);
  EXPECT_THAT(
      findings(read),
      ElementsAre(
          "note[repeated-measurement]: m.csv:4: 'net' stands here again, as in line 2; counted "
          "once\n",
          "warning[contradicting-measurement]: m.csv:5: 'net' takes 3.00 ms here and 2.00 ms in "
          "line 2, with all else equal; the first is kept\n"
          "  hint: say what differs (version, threads, dims, source), or remove one\n"));
}

TEST(MeasurementCsv, UnusedColumnsAreNamed) {
  const Measurements read = parse_measurements("model,latency_ms,macs,notes\nnet,2,7,x\n", "m.csv");
  EXPECT_THAT(findings(read),
              ElementsAre("note[unused-column]: m.csv:1: columns that are not used: macs\n"
                          "  hint: columns: model, hardware, runtime, version, precision, threads, "
                          "batch, dims, latency_ms, latency_s, source, notes, dim:NAME\n"));
}

TEST(MeasurementCsv, BrokenTables) {
  const std::string hint =
      "  hint: columns: model, hardware, runtime, version, precision, threads, batch, dims, "
      "latency_ms, latency_s, source, notes, dim:NAME\n";
  EXPECT_EQ(error_of(" \n"), "error[no-measurements]: m: the file is empty\n");
  EXPECT_EQ(error_of("# only\n# words\n"), "error[no-measurements]: m: the file is empty\n");
  EXPECT_EQ(error_of("name,latency_ms\n"),
            "error[csv-header]: m:1: the header has no column 'model'\n" + hint);
  EXPECT_EQ(error_of("model,ms\n"),
            "error[csv-header]: m:1: the header needs one of the columns "
            "'latency_ms' and 'latency_s'\n" +
                hint);
  EXPECT_EQ(error_of("model,model,latency_ms\n"),
            "error[csv-header]: m:1: the column 'model' stands twice\n  hint: remove one\n");
  EXPECT_EQ(error_of("model,latency_ms\n"),
            "error[no-measurements]: m: the file has no measurement\n");
  EXPECT_EQ(error_of("model,latency_ms\nnet,-2\n"),
            "error[no-measurements]: m: none of 1 rows is usable\n"
            "  hint: the first finding: m:2: the time of 'net' is negative; the row is left out\n");
  EXPECT_EQ(error_of("model,latency_ms\nnet,2\n\"net\n\n,2\n"),
            "error[csv-syntax]: m:3: a quoted cell opens here and is not closed\n"
            "  hint: add the closing quote\n");
  EXPECT_EQ(error_of("model,latency_ms\n\"net\"x,2\n"),
            "error[csv-syntax]: m:2: found 'x' behind a closing quote; expected a comma\n"
            "  hint: write a quote inside a quoted cell twice\n");
}

TEST(MeasurementCsv, FindingsAreLimited) {
  std::string text = "model,latency_ms\nnet,1\n";
  for (int i = 0; i < 150; ++i) text += "net,-1\n";
  const Measurements read = parse_measurements(text, "m.csv");
  ASSERT_EQ(read.diagnostics.size(), 101U);
  EXPECT_EQ(text_of(read.diagnostics.back()),
            "warning[more-findings]: m.csv: 50 more findings like these\n");
}

constexpr std::string_view kHead =
    "{\"kind\": \"roofline-measurements\", \"schema_version\": 1, \"machine\": \"a board\",\n"
    " \"runtime\": \"onnxruntime\", \"runtime_version\": \"1.30.0\", \"level\": \"extended\",\n"
    " \"threads\": 2, \"date\": \"2025-05-04\", \"rows\": [\n";

Measurements own(const std::string& rows, const std::string& rest = "") {
  return parse_measurements(std::string(kHead) + rows + "]" + rest + "}", "m.json");
}

TEST(MeasurementJson, EveryField) {
  const Measurements read = own(
      "{\"model\": \"net.onnx\", \"dims\": {\"batch\": 1}, \"median_s\": 0.002, \"p10_s\": "
      "0.0019,\n"
      " \"p90_s\": 0.003, \"round_medians_s\": [0.002, 0.0021], \"runs\": 40, \"nodes\": [\n"
      "  {\"name\": \"n_nchwc\", \"op\": \"Conv\", \"outputs\": [[1, 64, 56, 56]], \"seconds\": "
      "0.001, \"runs\": 20}]}\n");
  EXPECT_THAT(findings(read), IsEmpty());
  EXPECT_EQ(read.machine, "a board");
  EXPECT_EQ(read.date, "2025-05-04");
  ASSERT_EQ(read.rows.size(), 1U);
  const Measurement& row = read.rows[0];
  EXPECT_EQ(row.model, "net.onnx");
  EXPECT_EQ(row.runtime, "onnxruntime:extended");
  EXPECT_EQ(row.version, "1.30.0");
  EXPECT_EQ(row.threads, 2);
  EXPECT_EQ(row.dims.at("batch"), 1);
  EXPECT_EQ(row.seconds, 0.002);
  EXPECT_EQ(row.p10_s, 0.0019);
  EXPECT_EQ(row.p90_s, 0.003);
  EXPECT_THAT(row.round_medians_s, ElementsAre(0.002, 0.0021));
  EXPECT_FALSE(row.noisy);
  EXPECT_EQ(row.line, 4);
  ASSERT_EQ(row.nodes.size(), 1U);
  EXPECT_EQ(row.nodes[0].name, "n_nchwc");
  EXPECT_EQ(row.nodes[0].op, "Conv");
  EXPECT_THAT(row.nodes[0].outputs, ElementsAre(ElementsAre(1, 64, 56, 56)));
  EXPECT_EQ(row.nodes[0].seconds, 0.001);
  EXPECT_EQ(row.nodes[0].runs, 20);
}

TEST(MeasurementJson, DoubtfulRows) {
  const Measurements read =
      own("{\"model\": \"noisy\", \"median_s\": 1, \"round_medians_s\": [1, 1.1, 1.5]},\n"
          "{\"model\": \"odd\", \"median_s\": 1, \"round_medians_s\": [1, -1]},\n"
          "{\"model\": \"nodes\", \"median_s\": 1, \"nodes\": [{\"name\": \"n\", \"op\": \"Add\", "
          "\"outputs\": [], \"seconds\": -1}]},\n"
          "{\"model\": \"text\", \"median_s\": \"1\"},\n"
          "{\"model\": \"null\", \"median_s\": null},\n"
          "{\"median_s\": 1},\n"
          "{\"model\": \"zero\", \"median_s\": 0}\n",
          ", \"failures\": [{\"model\": \"big\", \"error\": \"out of\\nmemory\"}]");
  ASSERT_EQ(read.rows.size(), 3U);
  EXPECT_TRUE(read.rows[0].noisy);
  EXPECT_EQ(read.rows[0].round_medians_s.size(), 3U);
  EXPECT_THAT(read.rows[1].round_medians_s, IsEmpty());
  EXPECT_THAT(read.rows[2].nodes, IsEmpty());
  EXPECT_THAT(
      findings(read),
      ElementsAre(
          "warning[noisy-measurement]: m.json:4:1: the rounds of 'noisy' differ by 45 %, more than "
          "30 %; the row is kept\n"
          "  hint: measure again on an idle machine with a fixed clock\n",
          "warning[bad-measurement]: m.json:5:1: 'odd' has a round whose time is not plausible; "
          "its rounds are not used\n",
          "warning[bad-measurement]: m.json:6:1: 1 of the nodes of 'nodes' have no plausible time; "
          "they are left out\n",
          "warning[bad-measurement]: m.json:7:31: 'median_s' is \"1\"; expected a number; the row "
          "is left out\n",
          "warning[bad-measurement]: m.json:8:31: 'median_s' is null; expected a number; the row "
          "is left out\n",
          "warning[bad-measurement]: m.json:9:1: an element has no 'model'; the row is left out\n",
          "warning[bad-measurement]: m.json:10:1: the time of 'zero' is zero; the row is left "
          "out\n",
          "warning[not-measured]: m.json:11:17: 'big' was not measured: out of\\x0amemory\n"));
}

TEST(MeasurementJson, OtherKindsAndVersions) {
  const std::string hint =
      "  hint: expected what tools/measure-onnxruntime writes, a profile of ONNX Runtime, JSON of "
      "trtexec --exportProfile or --exportTimes, or CSV\n";
  EXPECT_EQ(error_of("{\"kind\": \"analysis\", \"schema_version\": 1}"),
            "error[unknown-format]: m:1:10: this JSON is not of kind 'roofline-measurements'\n"
            "  hint: tools/measure-onnxruntime writes it\n");
  EXPECT_EQ(
      error_of("{\"kind\": \"roofline-measurements\", \"schema_version\": 2}"),
      "error[schema-version]: m:1:53: measurements of schema version 2; this program reads version "
      "1\n  hint: use the runner that came with this program\n");
  for (const char* other : {"[]", "[1]", "{}", "[{\"a\": 1}]"}) {
    EXPECT_THAT(
        error_of(other),
        testing::EndsWith("these are no measurements: found JSON of another kind\n" + hint));
  }
}

std::string event(const std::string& name, const std::string& op, int index, int begin, int us,
                  const std::string& shape = "[1, 8]") {
  return ",\n{\"cat\": \"Node\", \"ph\": \"X\", \"name\": \"" + name +
         "_kernel_time\", \"ts\": " + std::to_string(begin) + ", \"dur\": " + std::to_string(us) +
         ", \"args\": {\"op_name\": \"" + op + "\", \"node_index\": \"" + std::to_string(index) +
         "\", \"output_type_shape\": [{\"float\": " + shape + "}]}}";
}

std::string run(int begin, int us) {
  return ",\n{\"cat\": \"Session\", \"ph\": \"X\", \"name\": \"model_run\", \"ts\": " +
         std::to_string(begin) + ", \"dur\": " + std::to_string(us) + ", \"args\": {}}";
}

TEST(OnnxRuntimeProfile, MediansOverRunsWithoutTheFirst) {
  std::string text =
      "[{\"cat\": \"Session\", \"ph\": \"X\", \"name\": \"model_loading_uri\", \"ts\": 1, \"dur\": "
      "5, \"args\": {}}";
  text += event("fc", "Gemm", 3, 101, 900) + event("", "Relu", 4, 1002, 50) + run(100, 1000);
  text += event("fc", "Gemm", 3, 2001, 100) + event("", "Relu", 4, 2102, 10) +
          event("", "Relu", 5, 2120, 7, "[]") + run(2000, 200);
  text += event("fc", "Gemm", 3, 3001, 120) + event("", "Relu", 4, 3122, 30) + run(3000, 300);
  const Measurements read = parse_measurements(text + "]", "m.json");
  EXPECT_THAT(findings(read), IsEmpty());
  ASSERT_EQ(read.rows.size(), 1U);
  const Measurement& row = read.rows[0];
  EXPECT_EQ(row.model, "");
  EXPECT_EQ(row.runtime, "onnxruntime:all");
  EXPECT_NEAR(row.seconds, 250e-6, 1e-12);
  EXPECT_NEAR(*row.p10_s, 200e-6, 1e-12);
  ASSERT_EQ(row.nodes.size(), 3U);
  EXPECT_EQ(row.nodes[0].name, "fc");
  EXPECT_EQ(row.nodes[0].op, "Gemm");
  EXPECT_NEAR(row.nodes[0].seconds, 110e-6, 1e-12);
  EXPECT_EQ(row.nodes[0].runs, 2);
  EXPECT_THAT(row.nodes[0].outputs, ElementsAre(ElementsAre(1, 8)));
  EXPECT_NEAR(row.nodes[1].seconds, 20e-6, 1e-12);
  EXPECT_NEAR(row.nodes[2].seconds, 7e-6, 1e-12);
  EXPECT_THAT(row.nodes[2].outputs, ElementsAre(IsEmpty()));
}

TEST(OnnxRuntimeProfile, BodiesOfLoopsAddUpAndCountOnce) {
  std::string text = "[{\"ph\": \"X\", \"cat\": \"Session\"}";
  text += event("body", "Mul", 1, 12, 10) + event("body", "Mul", 1, 24, 14) +
          event("loop", "Loop", 9, 11, 60) + run(10, 100);
  const Measurements read = parse_measurements(text + "]", "m.json");
  ASSERT_EQ(read.rows.at(0).nodes.size(), 1U);
  EXPECT_EQ(read.rows[0].nodes[0].name, "body");
  EXPECT_NEAR(read.rows[0].nodes[0].seconds, 24e-6, 1e-12);
}

TEST(OnnxRuntimeProfile, WithoutRuns) {
  EXPECT_EQ(error_of("[{\"ph\": \"X\", \"name\": \"session_initialization\"}]"),
            "error[no-measurements]: m: the profile has no event 'model_run'\n"
            "  hint: run the model before the profile ends\n");
}

TEST(Trtexec, Profile) {
  const Measurements read = parse_measurements(
      "[ { \"count\" : 100 }\n"
      ", { \"name\" : \"conv1 + relu1\", \"timeMs\" : 300, \"averageMs\" : 3, \"medianMs\" : 2.5, "
      "\"percentage\" : 60 }\n"
      ", { \"name\" : \"fc\", \"timeMs\" : 200, \"averageMs\" : 2, \"percentage\" : 40 }\n]",
      "m.json");
  ASSERT_EQ(read.rows.size(), 1U);
  EXPECT_EQ(read.rows[0].runtime, "tensorrt");
  EXPECT_NEAR(read.rows[0].seconds, 4.5e-3, 1e-12);
  ASSERT_EQ(read.rows[0].nodes.size(), 2U);
  EXPECT_EQ(read.rows[0].nodes[0].name, "conv1 + relu1");
  EXPECT_EQ(read.rows[0].nodes[0].op, "");
  EXPECT_NEAR(read.rows[0].nodes[0].seconds, 2.5e-3, 1e-12);
  EXPECT_EQ(read.rows[0].nodes[0].runs, 100);
  EXPECT_THAT(findings(read),
              ElementsAre("note[time-of-layers]: m.json:1:1: the profile has no time of a whole "
                          "run: the sum of its layers is taken\n"
                          "  hint: trtexec --exportTimes writes whole runs\n"));
}

TEST(Trtexec, TimesAreThoseOfTheDevice) {
  const Measurements read = parse_measurements(
      "[{\"h2dMs\": 0.1, \"computeMs\": 1.0, \"latencyMs\": 1.2},\n"
      " {\"h2dMs\": 0.1, \"computeMs\": 0, \"latencyMs\": 1.2},\n"
      " {\"h2dMs\": 0.1, \"computeMs\": 1.4, \"latencyMs\": 1.6}]",
      "m.json");
  ASSERT_EQ(read.rows.size(), 1U);
  EXPECT_NEAR(read.rows[0].seconds, 1.2e-3, 1e-12);
  EXPECT_THAT(findings(read), ElementsAre("warning[bad-measurement]: m.json:2:2: 'computeMs' is "
                                          "zero; the row is left out\n"));
}

TEST(Measurements, FilesThatCannotBeRead) {
  try {
    (void)read_measurements("/nonexistent/m.csv");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(text_of(error.diagnostic()),
              "error[unreadable-file]: /nonexistent/m.csv: cannot be read: No such file or "
              "directory\n  hint: check the path and its permissions\n");
  }
}

TEST(Measurements, ModelStem) {
  EXPECT_EQ(model_stem("models/resnet50.onnx"), "resnet50");
  EXPECT_EQ(model_stem("bert"), "bert");
  EXPECT_EQ(model_stem("a/b.c"), "b.c");
}

TEST(Measurements, OfSeveralFilesAreOneListWithoutRepeatedRows) {
  const std::string head = "model,threads,latency_ms\n";
  Measurements all = parse_measurements(head + "a,1,10\nb,1,20\n", "one.csv");
  append(parse_measurements(head + "a,2,6\nb,1,21\n", "two.csv"), all);
  ASSERT_EQ(all.rows.size(), 3U);
  EXPECT_EQ(all.rows[2].threads, 2);
  EXPECT_DOUBLE_EQ(all.rows[1].seconds, 0.02);
  ASSERT_EQ(all.diagnostics.size(), 1U);
  EXPECT_EQ(all.diagnostics[0].message, "'b': in an earlier file as well, whose time is kept");
  EXPECT_EQ(all.diagnostics[0].location, "two.csv");
  append(parse_measurements(head + "a,2,7\nb,1,22\n", "three.csv"), all);
  EXPECT_EQ(all.rows.size(), 3U);
  ASSERT_EQ(all.diagnostics.size(), 2U);
  EXPECT_EQ(all.diagnostics[1].message,
            "'a' and 1 more row: in an earlier file as well, whose time is kept");
}

}  // namespace
}  // namespace roofline::calibrate
