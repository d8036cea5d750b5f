// Owns the test rows of the preview domains.
// Refuses to cost what attributes of graphs compute.
#include "op_case.hpp"

namespace roofline::test {
namespace {

using Strings = std::vector<std::string>;

OpCase training(OpCase c) {
  c.domain = "ai.onnx.preview.training";
  c.opset = 1;
  return c;
}

const bool kFlex = add_cases({
    {.type = "FlexAttention",
     .opset = 1,
     .domain = "ai.onnx.preview",
     .inputs = {t({2, 8, 16, 64}), t({2, 4, 32, 64}), t({2, 4, 32, 80})},
     .outputs = {t({2, 8, 16, 80})},
     .macs = 2 * 8 * 16 * 32 * (64 + 80),
     .arithmetic = 2 * 8 * 16 * 32 * (1 + 4),
     .transcendentals = 2 * 8 * 16 * 32,
     .bytes_read = 4 * 2 * (8 * 16 * 64 + 4 * 32 * (64 + 80)),
     .bytes_written = 4 * 2 * 8 * 16 * 80,
     .note = "two query heads per key head"},
    {.type = "FlexAttention",
     .opset = 1,
     .domain = "ai.onnx.preview",
     .inputs = {t({kAny, 8, 16, 64}), unranked(), t({kAny, 8, kAny, 80})},
     .outputs = {t({kAny, 8, 16, 80})}},
    {.type = "FlexAttention",
     .opset = 1,
     .domain = "ai.onnx.preview",
     .inputs = {t({2, 8, 16, 64}), t({2, 3, 32, 64}), t({2, 3, 32, 80})},
     .outputs = {t({})},
     .error = "8 query heads are not a multiple of 3 key heads"},
});

const bool kTraining = add_cases({
    training({.type = "Gradient",
              .inputs = {t({2, 3}), t({3, 4})},
              .attributes = {{"xs", Strings{"X", "W"}}, {"y", std::string("Y")}},
              .outputs = {t({2, 3}), t({3, 4})},
              .arithmetic = 2 * 3,
              .bytes_read = 4 * (6 + 12),
              .bytes_written = 4 * (6 + 12),
              .note = "marked as unknown"}),
    training({.type = "Gradient", .inputs = {unranked()}, .outputs = {unranked()}}),
    training(
        {.type = "Adagrad",
         .inputs = {t({}), t({}, kI64), t({2, 3}), t({5}), t({2, 3}), t({5}), t({2, 3}), t({5})},
         .outputs = {t({2, 3}), t({5}), t({2, 3}), t({5})},
         .arithmetic = 8 * (6 + 5),
         .transcendentals = 6 + 5,
         .bytes_read = 3 * 4 * (6 + 5),
         .bytes_written = 2 * 4 * (6 + 5)}),
    training({.type = "Adagrad",
              .inputs = {t({}), t({}, kI64), t({2, 3}), t({5})},
              .outputs = {t({})},
              .error = "2 tensors do not come in groups of 3"}),
    training({.type = "Adam",
              .inputs = {t({}), t({}, kI64), t({2, 3}), t({2, 3}), t({2, 3}), t({2, 3})},
              .outputs = {t({2, 3}), t({2, 3}), t({2, 3})},
              .arithmetic = 14 * 6,
              .transcendentals = 6,
              .bytes_read = 4 * 4 * 6,
              .bytes_written = 3 * 4 * 6}),
    training({.type = "Momentum",
              .inputs = {t({}), t({}, kI64), t({2, 3}), t({2, 3}), t({2, 3})},
              .outputs = {t({2, 3}), t({2, 3})},
              .arithmetic = 7 * 6,
              .bytes_read = 3 * 4 * 6,
              .bytes_written = 2 * 4 * 6}),
    training({.type = "Momentum",
              .inputs = {t({}), t({}, kI64), t({2, 3}), t({2, 3}), t({2, 3})},
              .attributes = {{"mode", std::string("nesterov")}},
              .outputs = {t({2, 3}), t({2, 3})},
              .arithmetic = 9 * 6,
              .bytes_read = 3 * 4 * 6,
              .bytes_written = 2 * 4 * 6}),
    training({.type = "Momentum",
              .inputs = {t({}), t({}, kI64), t({kAny}), unranked(), t({kAny})},
              .outputs = {t({kAny}), t({kAny})}}),
});

}  // namespace
}  // namespace roofline::test
