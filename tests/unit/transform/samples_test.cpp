// Owns the checks that hold for every sample model and every scenario: no error that was not there
// before, and no growth where layers are made smaller.
#include <gtest/gtest.h>

#include "changed.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "support/sample_models.hpp"

namespace roofline::test {
namespace {

class EverySample : public testing::TestWithParam<std::filesystem::path> {
 protected:
  /// nullopt where the scenario says that it has nothing to do with this model.
  static std::optional<Changed> change(const std::string& scenario) {
    try {
      return Changed(onnx_io::load(GetParam().string(), onnx_io::Digest::kSkip), scenario);
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), ExitCode::kUsage) << e.what();
      EXPECT_EQ(e.diagnostic().code, "bad-scenario") << e.what();
      return std::nullopt;
    }
  }

  /// Shapes of the model's outputs.
  static std::vector<std::string> outputs(const ir::Model& model, const infer::TypedGraph& graph) {
    std::vector<std::string> shapes;
    for (const ir::TensorId id : model.graph.outputs) {
      const auto& shape = graph.types[static_cast<std::size_t>(id)].shape;
      shapes.push_back(shape ? ir::to_string(*shape) : "unknown");
    }
    return shapes;
  }
};

TEST_P(EverySample, StaysSoundAndDoesNotGrow) {
  for (const char* scenario :
       {"prune:0.5", "prune:0.3", "low-rank:0.25", "depthwise", "bottleneck:0.25", "reparameterize",
        "round-channels:24,direction=down"}) {
    SCOPED_TRACE(scenario);
    const std::optional<Changed> c = change(scenario);
    if (!c) continue;
    EXPECT_EQ(c->errors(), errors_of(c->before));
    EXPECT_EQ(outputs(c->model, c->after), outputs(c->old_model, c->before));
    EXPECT_LE(c->macs(), macs_of(c->before));
    EXPECT_LE(c->after.parameters, c->before.parameters);
    if (c->outcome.changed.empty()) {
      EXPECT_EQ(c->macs(), macs_of(c->before));
    } else {
      EXPECT_LT(c->after.parameters, c->before.parameters);
    }
  }
}

TEST_P(EverySample, StaysSoundWhereChannelsAreAdded) {
  const std::optional<Changed> c = change("round-channels:24");
  if (!c) return;
  EXPECT_EQ(c->errors(), errors_of(c->before));
  EXPECT_EQ(outputs(c->model, c->after), outputs(c->old_model, c->before));
  EXPECT_GE(c->macs(), macs_of(c->before));
}

TEST_P(EverySample, TakesOtherSizesOrNamesWhatDoesNot) {
  for (const char* scenario : {"resolution:256x192", "batch:4"}) {
    SCOPED_TRACE(scenario);
    const std::optional<Changed> c = change(scenario);
    if (!c) continue;
    EXPECT_FALSE(c->outcome.changed.empty());
    EXPECT_EQ(c->outcome.refused.empty(), c->errors() == errors_of(c->before));
    EXPECT_EQ(c->outcome.refused.empty(), c->outcome.warnings.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(, EverySample, testing::ValuesIn(support::sample_models()),
                         support::ModelName());

TEST(Resnet50, PruningHalfLeavesAQuarterOfTheInnerLayers) {
  const Changed c(onnx_io::load(ROOFLINE_ROOT "/models/resnet50.onnx", onnx_io::Digest::kSkip),
                  "prune:0.5");
  std::size_t inner = 0;
  for (std::size_t n = 0; n < c.before.costs.size(); ++n) {
    const Count before = c.before.costs[n].work.macs;
    const Count after = c.after.costs[n].work.macs;
    if (c.before.node(static_cast<ir::NodeId>(n)).op_type != "Conv" || n == 0) continue;
    EXPECT_EQ(before, after * 4) << c.before.node_name(static_cast<ir::NodeId>(n));
    ++inner;
  }
  EXPECT_EQ(inner, 52U);
  // The first layer keeps its 3 channels in, the last its 1000 out.
  EXPECT_EQ(c.after.costs[0].work.macs, Count(112) * 112 * 32 * 3 * 7 * 7);
  EXPECT_EQ(c.shape("logits"), "1x1000");
  EXPECT_EQ(c.outcome.refused.size(), 1U);
}

}  // namespace
}  // namespace roofline::test
