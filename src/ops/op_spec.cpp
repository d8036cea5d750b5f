// Owns the names of operator classes and confidences.
// Refuses to decide anything by operator name.
#include "roofline/ops/op_spec.hpp"

namespace roofline::ops {

std::string_view class_name(OpClass cls) {
  switch (cls) {
    case OpClass::kConv:
      return "conv";
    case OpClass::kMatmul:
      return "matmul";
    case OpClass::kAttention:
      return "attention";
    case OpClass::kRecurrent:
      return "recurrent";
    case OpClass::kElementwise:
      return "elementwise";
    case OpClass::kActivation:
      return "activation";
    case OpClass::kNormalization:
      return "normalization";
    case OpClass::kSoftmax:
      return "softmax";
    case OpClass::kReduction:
      return "reduction";
    case OpClass::kPooling:
      return "pooling";
    case OpClass::kResize:
      return "resize";
    case OpClass::kQuantize:
      return "quantize";
    case OpClass::kRandom:
      return "random";
    case OpClass::kSearch:
      return "search";
    case OpClass::kSignal:
      return "signal";
    case OpClass::kMl:
      return "ml";
    case OpClass::kOther:
      return "other";
    case OpClass::kMovement:
      return "movement";
    case OpClass::kView:
      return "view";
    case OpClass::kShape:
      return "shape";
    case OpClass::kControl:
      return "control";
  }
  return "other";
}

bool may_have_no_work(OpClass cls) { return cls >= OpClass::kMovement; }

std::string_view confidence_name(Confidence confidence) {
  switch (confidence) {
    case Confidence::kExact:
      return "exact";
    case Confidence::kApproximate:
      return "approximate";
    case Confidence::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace roofline::ops
