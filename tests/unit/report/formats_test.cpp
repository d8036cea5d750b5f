// JSON, CSV and --explain: whole outputs, unknown figures, hostile names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "roofline/base/text.hpp"
#include "roofline/report/render.hpp"
#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::HasSubstr;

std::string json(const Report& report) {
  std::ostringstream out;
  render_json(report, out);
  return out.str();
}

std::string csv(const Report& report) {
  std::ostringstream out;
  render_csv(report, out);
  return out.str();
}

/// Every line of RFC 4180 ends in CR LF; the expectations below are easier to read without.
std::string without_returns(const std::string& text) {
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      lines += text[i];
    else
      EXPECT_EQ(text[i + 1], '\n');
  }
  return lines;
}

std::string explanation(const Report& report, std::string_view node) {
  std::ostringstream out;
  render_explanation(report, node, {.width = 100}, out);
  return out.str();
}

TEST(Totals, SayWhatTheWholeReportSays) {
  const Report report = sample::counts();
  std::ostringstream line;
  render_json(report, line, data::JsonLayout::kOneLine, Detail::kTotals);
  EXPECT_THAT(line.str(), testing::StartsWith(R"({"kind":"totals","schema_version":1,)"));
  EXPECT_THAT(line.str(), HasSubstr(R"("totals":{"complete":true,"macs":54784,"flops":109696,)"));
  EXPECT_THAT(line.str(), testing::Not(HasSubstr(R"("nodes":[)")));
  EXPECT_EQ(line.str().find('\n'), line.str().size() - 1);
  std::ostringstream rows;
  render_csv_rows(report, Detail::kTotals, rows);
  EXPECT_EQ(rows.str(),
            "models/tiny.onnx,true,3,576,2304,54784,109696,0,4864,2304,4608,11776,"
            "9.315217391304348,4096,6400\r\n");
}

TEST(Totals, PathsThatHoldSeparatorsStayOneCell) {
  Report report = sample::counts();
  report.model.path = "a,\"b\"\n.onnx";
  std::ostringstream rows;
  render_csv_rows(report, Detail::kTotals, rows);
  EXPECT_THAT(rows.str(), testing::StartsWith(R"("a,""b""\x0a.onnx",true,)"));
  std::ostringstream lines;
  render_lines(report, 20, lines);
  EXPECT_EQ(lines.str(),
            R"(a,"b"\x0a.onnx          54.8 k      110 kFLOP     576       11.8 kB       6.40 kB)"
            "\n");
}

TEST(Json, UnknownFiguresAreNull) {
  Report report = sample::counts();
  report.nodes[1].flops = std::nullopt;
  report.nodes[1].live_bytes = std::nullopt;
  report.nodes[1].outputs[0].shape = std::vector<std::int64_t>{1, -1};
  report.nodes[2].outputs[0].shape = std::nullopt;
  const std::string got = json(report);
  EXPECT_THAT(got, HasSubstr("\"flops\": null"));
  EXPECT_THAT(got, HasSubstr("\"live_bytes\": null"));
  EXPECT_THAT(got, HasSubstr("\"shape\": [1, null]"));
  EXPECT_THAT(got, HasSubstr("\"shape\": null"));
}

TEST(Json, NodeHasTheContractsFields) {
  const std::string got = json(sample::counts());
  EXPECT_THAT(got, HasSubstr(R"(      "id": "1",
      "name": "/block/block.0/relu/Relu",
      "op_type": "Relu",
      "domain": "ai.onnx",
      "class": "activation",
      "detail": null,
      "inputs": ["x"],
      "outputs": [
        {
          "name": "/block/block.0/relu/Relu_out",
          "dtype": "float32",
          "shape": [1, 8, 4, 4]
        }
      ],
      "macs": 0,
      "flops": 128,
      "transcendentals": 0,
      "activation_read_bytes": 2048,
      "weight_read_bytes": 0,
      "written_bytes": 2048,
      "traffic_bytes": 4096,
      "intensity": 0.03125,
      "parameters": 0,
      "confidence": "exact",
      "repeat": 1,
      "live_bytes": 1024
    },)"));
}

TEST(Json, TensorsOnlyWhenAskedForAndEachOnce) {
  Report report = sample::counts();
  EXPECT_EQ(json(report).find("\"tensors\""), std::string::npos);
  report.has_tensors = true;
  report.tensors = {{"x", "float32", std::vector<std::int64_t>{2}}, {"x", "int8", std::nullopt}};
  EXPECT_THAT(json(report), HasSubstr(R"(  "tensors": {
    "x": {
      "dtype": "float32",
      "shape": [2]
    }
  },)"));
}

TEST(Json, BothSpellingsOfTheOnnxDomainAreOneKey) {
  Report report = sample::counts();
  report.model.opsets = {{"", 17}, {"ai.onnx", 17}, {"com.acme", 1}};
  EXPECT_THAT(json(report), HasSubstr(R"(    "opsets": {
      "ai.onnx": 17,
      "com.acme": 1
    },)"));
}

TEST(Csv, OneRowPerLayer) {
  EXPECT_EQ(
      without_returns(csv(sample::on_machine())),
      R"(hardware,runtime,precision,id,name,kind,node_ids,op_types,class,output_shape,unit,dtype,macs,flops,planned_bytes,dram_bytes,intensity,dram_intensity,attainable_flops_per_s,compute_s,memory_s,overhead_s,roofline_latency_s,predicted_latency_s,bound,bottleneck,share,repeat
toy,basic,as-is,0,/block/block.0/conv/Conv + /block/block.0/relu/Relu,fused,0 1,Conv Relu,conv,1x8x4x4,lanes,fp32,27648,55424,3680,3680,15.060869565217391,15.060869565217391,10000000000,5.5424e-06,3.68e-06,1e-06,5.5424e-06,6.542399999999999e-06,compute,compute,0.504441154700222,1
toy,basic,as-is,2,/head/Conv,op,2,Conv,conv,1x8x4x4,lanes,fp32,27136,54272,4000,4000,13.568,13.568,10000000000,5.4272e-06,4e-06,1e-06,5.4272e-06,6.4272e-06,compute,compute,0.49555884529977795,1
)");
}

TEST(Csv, OneRowPerNodeWithoutMachines) {
  EXPECT_EQ(
      without_returns(csv(sample::counts())),
      R"(id,name,op_type,domain,class,output_shape,macs,flops,transcendentals,activation_read_bytes,weight_read_bytes,written_bytes,traffic_bytes,intensity,parameters,confidence,repeat,live_bytes
0,/block/block.0/conv/Conv,Conv,ai.onnx,conv,1x8x4x4,27648,55296,0,768,864,2048,3680,15.02608695652174,216,exact,1,1024
1,/block/block.0/relu/Relu,Relu,ai.onnx,activation,1x8x4x4,0,128,0,2048,0,2048,4096,0.03125,0,exact,1,1024
2,/head/Conv,Conv,ai.onnx,conv,1x8x4x4,27136,54272,0,2048,1440,512,4000,13.568,360,exact,1,1024
)");
}

TEST(Csv, QuotesAndControlCharacters) {
  Report report = sample::counts();
  report.nodes[0].name = "a,\"b\"\nc\x1b[1m";
  report.nodes[0].flops = std::nullopt;
  const std::string got = csv(report);
  EXPECT_THAT(got,
              HasSubstr("\r\n0,\"a,\"\"b\"\"\\x0ac\\x1b[1m\",Conv,ai.onnx,conv,1x8x4x4,27648,,0,"));
}

Report explained() {
  Report report = sample::on_machine();
  NodeRow& conv = report.nodes[0];
  conv.formula = "2*N*K*OH*OW*(C/g)*R*S";
  conv.contraction = ContractionRow{1, 64, 16, 27};
  conv.operands = {{"x", "activation", "float32", std::vector<std::int64_t>{1, 3, 8, 8}, 192, 768},
                   {"w", "parameter", "float32", std::vector<std::int64_t>{8, 3, 3, 3}, 216, 864},
                   {"t", "output", "float32", std::vector<std::int64_t>{1, 8, 8, 8}, 512, 2048}};
  return report;
}

TEST(Explanation, DerivesANodeAndItsLayer) {
  EXPECT_EQ(explanation(explained(), "/block/block.0/conv/Conv"), R"(/block/block.0/conv/Conv
Conv 3x3, class conv, node 0 of tiny.onnx, cost exact, batch=1

  role        tensor  shape    dtype    elements  bytes
  activation  x       1x3x8x8  float32       192    768
  parameter   w       8x3x3x3  float32       216    864
  output      t       1x8x8x8  float32       512  2,048

  formula     2*N*K*OH*OW*(C/g)*R*S
  MACs        batch 1 x m 64 x n 16 x k 27 = 27,648
  FLOPs       2 x 27,648 MACs + 0 other operations = 55,296
  traffic     768 B activations read + 864 B weights read + 2,048 B written = 3,680 B
  intensity   55,296 FLOPs / 3,680 B = 15.0 FLOP/B
  parameters  216
  memory      1.02 kB of activations in use

on Toy 1000
layer block.0/conv + relu, kind fused, runtime basic, precision as-is

  FLOPs       55,296 + 128 = 55,424
  traffic     3,680 B planned (one by one the nodes move 3,680 + 4,096 B)
  intensity   55,424 FLOPs / 3,680 B = 15.1 FLOP/B
  peak        10.0 GFLOP/s (fp32 on lanes, data-sheet roof)
  ridge       10.0 GFLOP/s / 1.00 GB/s = 10.0 FLOP/B
  attainable  10.0 GFLOP/s at this intensity: compute-bound
  compute     55.4 kFLOP / 10.0 GFLOP/s = 5.54 us
  memory      3.68 kB / 1.00 GB/s = 3.68 us (dram)
  roofline    max(5.54 us, 3.68 us) = 5.54 us
  overhead    1.00 us to launch it
  predicted   5.54 us + 1.00 us = 6.54 us, 50 % of the total, limited by compute
  because     fused Relu into Conv
)");
}

TEST(Explanation, FindsANodeByIdNameShortNameOrLayer) {
  const std::string expected = explanation(explained(), "0");
  EXPECT_EQ(explanation(explained(), "/block/block.0/conv/Conv"), expected);
  EXPECT_EQ(explanation(explained(), "block.0/conv"), expected);
  EXPECT_EQ(explanation(explained(), "block.0/conv + relu"), expected);
  EXPECT_EQ(explanation(explained(), "/block/block.0/conv/Conv + /block/block.0/relu/Relu"),
            expected);
}

TEST(Explanation, UnknownFiguresAreNotInvented) {
  Report report = explained();
  report.nodes[0].flops = report.nodes[0].macs = report.nodes[0].traffic_bytes = std::nullopt;
  report.nodes[0].intensity = std::nullopt;
  const std::string got = explanation(report, "0");
  EXPECT_THAT(got, HasSubstr("  MACs        ?\n  FLOPs       ?\n"));
  EXPECT_THAT(got, HasSubstr("2,048 B written = ? B\n"));
}

TEST(Explanation, ShowsTheNotesOfItsNodeAndOfTheModel) {
  Report report = explained();
  report.diagnostics = {{Severity::kNote, "a", "of the model", "", "", ""},
                        {Severity::kNote, "b", "of this node", "", "", "0"},
                        {Severity::kNote, "c", "of another", "", "", "2"}};
  const std::string got = explanation(report, "0");
  EXPECT_THAT(got, HasSubstr("  note: of the model\n  note: of this node\n"));
  EXPECT_EQ(got.find("of another"), std::string::npos);
}

Diagnostic explain_error(const Report& report, std::string_view node) {
  try {
    (void)explanation(report, node);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    return error.diagnostic();
  }
  ADD_FAILURE() << "no error for " << node;
  return {};
}

TEST(Explanation, UnknownNodeGetsASuggestion) {
  const Diagnostic near = explain_error(explained(), "/hed/Conv");
  EXPECT_EQ(near.code, "unknown-node");
  EXPECT_EQ(near.message, "--explain: the model has no node '/hed/Conv'");
  EXPECT_EQ(near.hint, "did you mean '/head/Conv'?");
  EXPECT_EQ(explain_error(explained(), "zzzzzzzz").hint, "--format csv lists all ids and names");
}

TEST(Explanation, AnAmbiguousNameListsIds) {
  Report report = explained();
  report.nodes[2].name = report.nodes[0].name;
  const Diagnostic error = explain_error(report, report.nodes[0].name);
  EXPECT_EQ(error.code, "ambiguous-node");
  EXPECT_EQ(error.message, "--explain: 2 nodes are called '/block/block.0/conv/Conv'");
  EXPECT_EQ(error.hint, "give one id: 0, 2");
}

}  // namespace
}  // namespace roofline::report
