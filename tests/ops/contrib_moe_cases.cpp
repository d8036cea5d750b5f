// Owns the test rows of mixtures of experts.
// Refuses numerical results: only counts and types are checked.
#include "op_case.hpp"

namespace roofline::test {
namespace {

constexpr std::int64_t kAny = ir::kUnknownDim;
constexpr DType kU8 = DType::kUint8;
const std::string kMs = "com.microsoft";

// H = 16, inner size 32, 8 experts.
const bool kMixtures = add_cases({
    {.type = "MoE",
     .opset = 1,
     .domain = kMs,
     .inputs = {t({1, 3, 16}), t({3, 8}), t({8, 32, 16}), t({8, 32}), t({8, 16, 32}), t({8, 16})},
     .attributes = {{"k", 2}, {"activation_type", std::string("relu")}},
     .outputs = {t({1, 3, 16})},
     .macs = 3 * 2 * (32 * 16 + 16 * 32),
     .arithmetic = 3 * 2 * (32 + 16) + 3 * 2 * 32 + 3 * 8 * (4 + 2) + 3 * (2 * 2 - 1) * 16,
     .transcendentals = 3 * 8,
     .bytes_read = 4 * (3 * 16 + 3 * 8 + 6 * (32 * 16 + 32 + 16 * 32 + 16)),
     .bytes_written = 4 * 3 * 16,
     .note = "3 tokens pick at most 6 of 8 experts; biases, Relu, routing, weighted sum"},
    {.type = "MoE",
     .opset = 1,
     .domain = kMs,
     .inputs = {t({100, 16}), t({100, 8}), t({8, 32, 16}), kOmitted, t({8, 16, 32}), kOmitted,
                t({8, 32, 16})},
     .attributes = {{"k", 2},
                    {"activation_type", std::string("silu")},
                    {"normalize_routing_weights", 1}},
     .outputs = {t({100, 16})},
     .macs = 100 * 2 * 3 * 32 * 16,
     .arithmetic =
         200 * 32 * (3 + 1) + 100 * 8 * (4 + 2) + 100 * (2 * 2 - 1) + 100 * (2 * 2 - 1) * 16,
     .transcendentals = 200 * 32 + 100 * 8,
     .bytes_read = 4 * (100 * 16 + 100 * 8 + 8 * 3 * 32 * 16),
     .bytes_written = 4 * 100 * 16,
     .note = "silu(fc1) * fc3; many tokens touch every expert"},
    {.type = "MoE",
     .opset = 1,
     .domain = kMs,
     .inputs = {t({kAny, 16}), t({kAny, 8}), t({8, 32, 16}), kOmitted, t({8, 16, 32})},
     .outputs = {t({kAny, 16})}},
    {.type = "MoE",
     .opset = 1,
     .domain = kMs,
     .inputs = {t({3, 16}), t({3, 8}), t({4, 32, 16}), kOmitted, t({8, 16, 32})},
     .outputs = {t({})},
     .error = "an expert weight has shape 4x32x16, router_probs have shape 3x8"},
    {.type = "MoE",
     .opset = 1,
     .domain = kMs,
     .inputs = {t({3, 16}), t({3, 8}), t({8, 32, 16}), kOmitted, t({8, 16, 32})},
     .attributes = {{"k", 0}},
     .outputs = {t({})},
     .error = "attribute 'k' is 0, expected at least 1"},
    {.type = "QMoE",
     .opset = 1,
     .domain = kMs,
     .inputs = {t({1, 16}), t({1, 8}), t({8, 64, 8}, kU8), t({8, 64}), t({8, 64}),
                t({8, 16, 16}, kU8), t({8, 16}), t({8, 16})},
     .attributes = {{"k", 2},
                    {"expert_weight_bits", 4},
                    {"activation_type", std::string("swiglu")},
                    {"swiglu_fusion", 1},
                    {"swiglu_limit", 7.0}},
     .outputs = {t({1, 16})},
     .macs = 2 * (64 * 16 + 16 * 32),
     .arithmetic = 2 * 2 * (64 * 16 + 16 * 32) + 2 * (64 + 16) + 2 * 32 * (6 + 3) + 8 * (4 + 2) +
                   (2 * 2 - 1) * 16,
     .transcendentals = 2 * 32 + 8,
     .bytes_read = 4 * (16 + 8) + 2 * ((64 * 16 + 16 * 32) / 2 + 4 * (64 + 16) + 4 * (64 + 16)),
     .bytes_written = 4 * 16,
     .note = "2 experts: 4-bit weights dequantized once, biases, clamped SwiGLU"},
    {.type = "QMoE",
     .opset = 1,
     .domain = kMs,
     .inputs = {t({1, 16}), t({1, 8}), t({8, 32, 4}, kU8), kOmitted, kOmitted, t({8, 16, 8}, kU8)},
     .attributes = {{"expert_weight_bits", 5}},
     .outputs = {t({})},
     .error = "attribute 'expert_weight_bits' is 5, expected 2, 4 or 8"},
});

}  // namespace
}  // namespace roofline::test
