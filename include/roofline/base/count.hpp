#pragma once
#include <compare>
#include <cstdint>
#include <stdexcept>

namespace roofline {

/// Thrown when an exact count leaves the range of 64-bit integers.
struct OverflowError : std::overflow_error {
  OverflowError() : std::overflow_error("a count exceeds 2^63-1") {}
};

/// An exact, non-wrapping 64-bit count of MACs, FLOPs, elements or bytes.
/// Addition, subtraction and multiplication throw OverflowError instead of wrapping.
class Count {
 public:
  constexpr Count() = default;
  constexpr Count(std::int64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr std::int64_t value() const { return value_; }
  [[nodiscard]] constexpr double as_double() const { return static_cast<double>(value_); }

  friend constexpr Count operator+(Count a, Count b) {
    Count r;
    if (__builtin_add_overflow(a.value_, b.value_, &r.value_)) throw OverflowError();
    return r;
  }
  friend constexpr Count operator-(Count a, Count b) {
    Count r;
    if (__builtin_sub_overflow(a.value_, b.value_, &r.value_)) throw OverflowError();
    return r;
  }
  friend constexpr Count operator*(Count a, Count b) {
    Count r;
    if (__builtin_mul_overflow(a.value_, b.value_, &r.value_)) throw OverflowError();
    return r;
  }
  constexpr Count& operator+=(Count o) { return *this = *this + o; }
  constexpr Count& operator*=(Count o) { return *this = *this * o; }
  friend constexpr auto operator<=>(Count, Count) = default;

 private:
  std::int64_t value_ = 0;
};

/// Smallest integer >= a / b, for b > 0.
constexpr Count ceil_div(Count a, std::int64_t b) {
  // Not (a + b - 1) / b, which leaves the range for counts near its end.
  return a.value() / b + (a.value() % b > 0 ? 1 : 0);
}

}  // namespace roofline
