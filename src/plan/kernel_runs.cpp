// Owns runs: elements that a kernel goes through before an operand changes its step.
// Refuses to know what kernels do with them.
#include "kernel_runs.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace roofline::plan {

using ir::Shape;

constexpr double kLineBytes = 64;    ///< of a cache
constexpr double kMissingRows = 85;  ///< rows in one set from which on it finds none of them

double product(const Shape& shape, std::size_t from) {
  double total = 1;
  for (std::size_t i = from; i < shape.size(); ++i) total *= static_cast<double>(shape[i]);
  return total;
}

double common_tail(const Shape& a, const Shape& b) {
  double run = 1;
  for (auto x = a.rbegin(), y = b.rbegin(); x != a.rend() && y != b.rend() && *x == *y; ++x, ++y) {
    run *= static_cast<double>(*x);
  }
  return run;
}

double broadcast_run(const std::vector<const Shape*>& shapes) {
  const Shape* whole = shapes.front();
  for (const Shape* shape : shapes) {
    if (shape->size() > whole->size() || product(*shape, 0) > product(*whole, 0)) whole = shape;
  }
  double run = 1;
  std::vector<bool> steps;
  for (std::size_t axis = 0; axis < whole->size(); ++axis) {
    const std::int64_t size = (*whole)[whole->size() - 1 - axis];
    if (size == 1) continue;
    std::vector<bool> now;
    now.reserve(shapes.size());
    for (const Shape* shape : shapes) {
      now.push_back(axis < shape->size() && (*shape)[shape->size() - 1 - axis] != 1);
    }
    if (!steps.empty() && now != steps) break;
    steps = now;
    run *= static_cast<double>(size);
  }
  return run;
}

double contiguous_run(const std::vector<ops::Access>& accesses) {
  std::array<double, 2> elements = {};
  std::array<double, 2> runs = {};
  std::array<int, 2> pieces = {};
  double shortest = std::numeric_limits<double>::infinity();
  for (const ops::Access& access : accesses) {
    if (access.run_length == 0) continue;
    const auto run = static_cast<double>(access.run_length);
    const std::size_t side = access.is_output() ? 1 : 0;
    elements[side] += access.elements.as_double();
    runs[side] += access.elements.as_double() / run;
    ++pieces[side];
    shortest = std::min(shortest, run);
  }
  const std::size_t side = pieces[0] > pieces[1] ? 0 : 1;
  return pieces[side] > 1 && pieces[0] != pieces[1] && runs[side] > 0 ? elements[side] / runs[side]
                                                                      : shortest;
}

double sets_over_rows(double rows, double row_bytes) {
  const auto period = static_cast<std::int64_t>(kAliasBytes);
  const std::int64_t common = std::gcd(static_cast<std::int64_t>(row_bytes), period);
  const double sets = std::min(kAliasBytes / static_cast<double>(common), kAliasBytes / kLineBytes);
  return std::max(sets / rows, 1 / kMissingRows);
}

}  // namespace roofline::plan
