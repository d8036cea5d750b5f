// Before: QLinearConv on integers of 8 bits, channels before space. After: it runs with channels
// last, between Transposes; elementwise kernels and pools in such a region join it, so that
// Transposes stand at its borders only. Conditions: images (4 axes); weights are constants;
// all data operands of what joins are in the region. It does not model: regions of floats (half
// precision).
#include <algorithm>
#include <array>
#include <unordered_map>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

constexpr std::array<std::string_view, 8> kJoin = {"QLinearAdd",
                                                   "QLinearMul",
                                                   "QLinearGlobalAveragePool",
                                                   "QLinearAveragePool",
                                                   "QLinearSigmoid",
                                                   "QLinearLeakyRelu",
                                                   "QLinearConcat",
                                                   "Relu"};

class ChannelsLast {
 public:
  explicit ChannelsLast(Rewrite& graph) : graph_(graph) {}

  void run() {
    for (const LaunchId l : std::vector<LaunchId>(graph_.order())) {
      if (graph_.is_live(l) && !graph_.at(l).outputs.empty()) transform(l);
    }
    for (const TensorId plain : results_) {
      if (graph_.uses(plain) == 0 && !graph_.is_wanted(plain)) continue;
      const TensorId last = last_.at(plain);
      graph_.insert({.op = "Transpose", .inputs = {last}, .outputs = {plain}, .perm = {0, 3, 1, 2}},
                    graph_.producer(last));
    }
  }

 private:
  [[nodiscard]] bool is_image(TensorId t) const {
    const ir::DType dtype = graph_.dtype(t);
    return graph_.sizes.rank(t) == 4U && (dtype == ir::DType::kInt8 || dtype == ir::DType::kUint8);
  }

  void transform(LaunchId l) {
    const std::string_view op = graph_.at(l).op;
    if (!is_image(graph_.output(l)) || !is_image(graph_.input(l, 0))) return;
    if (op == "QLinearConv") {
      if (graph_.is_constant(graph_.input(l, 1))) convert(l, 1);
    } else if (op == "MaxPool" && graph_.at(l).outputs.size() == 1) {
      if (!last_.contains(graph_.input(l, 0))) return;
      graph_.at(l).op = "NhwcMaxPool";
      convert(l, 1);
    } else if (std::find(kJoin.begin(), kJoin.end(), op) != kJoin.end()) {
      const auto& inputs = graph_.at(l).inputs;
      const bool all = std::all_of(inputs.begin(), inputs.end(), [&](TensorId t) {
        return t == ir::kNoTensor || graph_.is_constant(t) || last_.contains(t);
      });
      if (all) convert(l, inputs.size());
    }
  }

  /// Its first `operands` operands and its result have channels last.
  void convert(LaunchId l, std::size_t operands) {
    for (std::size_t i = 0; i < operands; ++i) {
      const TensorId plain = graph_.input(l, i);
      if (plain == ir::kNoTensor || graph_.is_constant(plain)) continue;
      const auto [found, is_new] = last_.try_emplace(plain, ir::kNoTensor);
      if (is_new) {
        const TensorId last = form(plain);
        last_[plain] = last;
        graph_.insert({.op = "Transpose",
                       .inputs = {plain},
                       .outputs = {last},
                       .perm = {0, 2, 3, 1},
                       .before = true},
                      l);
      }
      graph_.set_input(l, i, last_[plain]);
    }
    const TensorId plain = graph_.output(l);
    last_[plain] = form(plain);
    graph_.set_output(l, 0, last_[plain]);
    graph_.at(l).layout = Layout::kChannelsLast;
    results_.push_back(plain);
  }

  TensorId form(TensorId plain) {
    return graph_.make(plain, [](ir::Shape shape) {
      if (shape.size() == 4) std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
      return shape;
    });
  }

  Rewrite& graph_;
  std::unordered_map<TensorId, TensorId> last_;  // by the tensor with channels before space
  std::vector<TensorId> results_;
};

}  // namespace

void use_channels_last(Rewrite& graph) { ChannelsLast(graph).run(); }

}  // namespace roofline::plan::ort
