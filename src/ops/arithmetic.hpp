#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "values.hpp"

// What elementwise operators do to the known elements of small values. Integer results that leave
// 64 bits are unknown elements: shape arithmetic must neither wrap nor be undefined.
namespace roofline::ops::arithmetic {

using I = std::int64_t;
inline constexpr I kUnknown = ir::kUnknownElement;

struct Add {
  static I apply(I a, I b) {
    I r = 0;
    return __builtin_add_overflow(a, b, &r) ? kUnknown : r;
  }
  static double apply(double a, double b) { return a + b; }
};
struct Sub {
  static I apply(I a, I b) {
    I r = 0;
    return __builtin_sub_overflow(a, b, &r) ? kUnknown : r;
  }
  static double apply(double a, double b) { return a - b; }
};
struct Mul {
  static I apply(I a, I b) {
    I r = 0;
    return __builtin_mul_overflow(a, b, &r) ? kUnknown : r;
  }
  static double apply(double a, double b) { return a * b; }
};
/// Truncates toward zero, as every runtime does. kUnknown / -1 cannot occur: elements are known.
struct Div {
  static I apply(I a, I b) { return b == 0 ? kUnknown : a / b; }
  static double apply(double a, double b) { return a / b; }
};
/// The result has the divisor's sign.
struct Mod {
  static I apply(I a, I b) {
    if (b == 0) return kUnknown;
    if (b == -1) return 0;
    const I r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  static double apply(double a, double b) { return a - b * std::floor(a / b); }
};
/// The result has the dividend's sign.
struct Fmod {
  static I apply(I a, I b) {
    if (b == 0) return kUnknown;
    return b == -1 ? 0 : a % b;
  }
  static double apply(double a, double b) { return std::fmod(a, b); }
};
struct Pow {
  static I apply(I base, I exponent) {
    if (exponent < 0) return base == 1 ? 1 : kUnknown;
    I result = 1;
    for (; exponent > 0; exponent >>= 1) {
      if ((exponent & 1) != 0) result = Mul::apply(result, base);
      if (result == kUnknown) return kUnknown;
      if (exponent == 1) break;
      base = Mul::apply(base, base);
      if (base == kUnknown) return kUnknown;
    }
    return result;
  }
  static double apply(double a, double b) { return std::pow(a, b); }
};
struct Min {
  static I apply(I a, I b) { return std::min(a, b); }
  static double apply(double a, double b) { return std::min(a, b); }
};
struct Max {
  static I apply(I a, I b) { return std::max(a, b); }
  static double apply(double a, double b) { return std::max(a, b); }
};

struct Equal {
  static I apply(auto a, auto b) { return a == b; }
};
struct Greater {
  static I apply(auto a, auto b) { return a > b; }
};
struct GreaterOrEqual {
  static I apply(auto a, auto b) { return a >= b; }
};
struct Less {
  static I apply(auto a, auto b) { return a < b; }
};
struct LessOrEqual {
  static I apply(auto a, auto b) { return a <= b; }
};

struct And {
  static I apply(auto a, auto b) { return a != 0 && b != 0; }
};
struct Or {
  static I apply(auto a, auto b) { return a != 0 || b != 0; }
};
struct Xor {
  static I apply(auto a, auto b) { return (a != 0) != (b != 0); }
};
struct BitwiseAnd {
  static I apply(I a, I b) { return a & b; }
  static I apply(double, double) { return kUnknown; }
};
struct BitwiseOr {
  static I apply(I a, I b) { return a | b; }
  static I apply(double, double) { return kUnknown; }
};
struct BitwiseXor {
  static I apply(I a, I b) { return a ^ b; }
  static I apply(double, double) { return kUnknown; }
};
/// BitShift is defined for unsigned types only, so shifted-out and sign bits never meet.
struct ShiftRight {
  static I apply(I a, I b) { return b < 0 || b > 62 ? kUnknown : a >> b; }
  static I apply(double, double) { return kUnknown; }
};
struct ShiftLeft {
  static I apply(I a, I b) { return b < 0 || b > 62 ? kUnknown : Mul::apply(a, I{1} << b); }
  static I apply(double, double) { return kUnknown; }
};

struct Abs {
  static I apply(I x) { return x < 0 ? -x : x; }
  static double apply(double x) { return std::abs(x); }
};
struct Neg {
  static I apply(I x) { return -x; }
  static double apply(double x) { return -x; }
};
struct Sign {
  static I apply(I x) { return (x > 0) - (x < 0); }
  static double apply(double x) { return static_cast<double>((x > 0) - (x < 0)); }
};
struct Relu {
  static I apply(I x) { return std::max<I>(x, 0); }
  static double apply(double x) { return std::max(x, 0.0); }
};
struct Not {
  static I apply(auto x) { return x == 0; }
};
struct BitwiseNot {
  static I apply(I x) { return ~x; }
  static I apply(double) { return kUnknown; }
};

/// Functions of floats alone; integers never reach them in a valid model.
template <double (*function)(double)>
struct Float {
  static I apply(I) { return kUnknown; }
  static double apply(double x) { return function(x); }
};
inline double floor(double x) { return std::floor(x); }
inline double ceil(double x) { return std::ceil(x); }
inline double round(double x) { return std::nearbyint(x); }  // halves to even, as ONNX asks
inline double sqrt(double x) { return std::sqrt(x); }
inline double exp(double x) { return std::exp(x); }
inline double log(double x) { return std::log(x); }
inline double reciprocal(double x) { return 1.0 / x; }

}  // namespace roofline::ops::arithmetic
