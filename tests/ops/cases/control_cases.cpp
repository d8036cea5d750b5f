// Owns the test rows of control flow by itself: its bodies are the walk's business.
// Refuses to look into subgraphs.
#include "op_case.hpp"

namespace roofline::test {
namespace {

Operand open() { return unranked(DType::kUndefined); }

const bool kControl = add_cases({
    {.type = "If", .inputs = {t({}, DType::kBool)}, .outputs = {open()}, .declared = {t({2})}},
    {.type = "Loop",
     .inputs = {scalar(3), kOmitted, t({4})},
     .outputs = {open()},
     .declared = {t({4})}},
    {.type = "Scan",
     .inputs = {t({4}), t({3, 4})},
     .outputs = {open(), open()},
     .declared = {t({4}), t({3, 4})}},
    {.type = "SequenceMap", .inputs = {t({4})}, .outputs = {open()}, .declared = {t({4})}},
});

}  // namespace
}  // namespace roofline::test
