// Owns robust, regularised nonlinear least squares.
// Refuses to know what is fitted.
#include "roofline/calibrate/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace roofline::calibrate {
namespace {

constexpr int kMostSteps = 40;
constexpr double kEnough = 2e-4;  ///< relative gain at which the search ends
constexpr double kMostDamping = 1e9;
constexpr double kLongestStep = 1.5;  ///< of one element: keeps logarithms from jumping far

using Matrix = std::vector<double>;  // n x n, row-major, symmetric

/// Of `count` numbers from each on, in the standard library's order: several sums at once.
double dot(const double* a, const double* b, std::size_t count) {
  return std::transform_reduce(a, a + count, b, 0.0);
}

/// Cholesky factor in the lower triangle, row by row; false when the matrix is not positive
/// definite.
bool factorise(Matrix& a, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double* const row = &a[i * n];
    for (std::size_t j = 0; j < i; ++j) {
      row[j] = (row[j] - dot(row, &a[j * n], j)) / a[j * n + j];
    }
    const double diagonal = row[i] - dot(row, row, i);
    if (!(diagonal > 0)) return false;
    row[i] = std::sqrt(diagonal);
  }
  return true;
}

void solve(const Matrix& factor, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= factor[i * n + k] * b[k];
    b[i] /= factor[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= factor[k * n + i] * b[k];
    b[i] /= factor[i * n + i];
  }
}

class Search {
 public:
  Search(const LeastSquaresProblem& problem, std::vector<double> start, double f_scale)
      : problem_(problem), f_(f_scale), x_(std::move(start)) {}

  LeastSquaresResult run() {
    residuals_ = problem_.residuals(x_);
    cost_ = cost(x_, residuals_);
    double damping = 1e-3;
    for (int step = 0; step < kMostSteps && damping < kMostDamping; ++step) {
      linearise();
      const double before = cost_;
      while (damping < kMostDamping && !try_step(damping)) damping *= 4;
      damping = std::max(damping / 8, 1e-9);
      if (before - cost_ <= kEnough * before) break;
    }
    linearise();
    return {x_, widths()};
  }

 private:
  [[nodiscard]] double cost(const std::vector<double>& x, const std::vector<double>& r) const {
    double sum = 0;
    for (const double value : r) {
      if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
      sum += 2 * f_ * f_ * (std::sqrt(1 + value * value / (f_ * f_)) - 1);
    }
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double off = (x[j] - problem_.prior_mean[j]) / problem_.prior_width[j];
      sum += off * off;
    }
    return sum;
  }

  [[nodiscard]] double weight(double residual) const {
    return 1 / std::sqrt(1 + residual * residual / (f_ * f_));
  }

  /// Normal equations of the reweighted problem at x.
  void linearise() {
    const std::size_t n = x_.size();
    normal_.assign(n * n, 0);
    gradient_.assign(n, 0);
    const std::vector<SparseColumn> columns = problem_.jacobian(x_);
    std::vector<double> dense(residuals_.size(), 0);
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t i = 0; i < columns[j].rows.size(); ++i) {
        const std::size_t row = columns[j].rows[i];
        dense[row] = columns[j].values[i] * weight(residuals_[row]);
        gradient_[j] -= dense[row] * residuals_[row];
      }
      for (std::size_t k = 0; k <= j; ++k) {
        double sum = 0;
        for (std::size_t i = 0; i < columns[k].rows.size(); ++i) {
          sum += dense[columns[k].rows[i]] * columns[k].values[i];
        }
        normal_[j * n + k] = normal_[k * n + j] = sum;
      }
      for (const std::size_t row : columns[j].rows) dense[row] = 0;
      const double width = problem_.prior_width[j];
      normal_[j * n + j] += 1 / (width * width);
      gradient_[j] -= (x_[j] - problem_.prior_mean[j]) / (width * width);
    }
  }

  bool try_step(double damping) {
    const std::size_t n = x_.size();
    Matrix damped = normal_;
    for (std::size_t j = 0; j < n; ++j) damped[j * n + j] *= 1 + damping;
    if (!factorise(damped, n)) return false;
    std::vector<double> step = gradient_;
    solve(damped, step);
    std::vector<double> x = x_;
    for (std::size_t j = 0; j < n; ++j) x[j] += std::clamp(step[j], -kLongestStep, kLongestStep);
    std::vector<double> residuals = problem_.residuals(x);
    const double now = cost(x, residuals);
    if (!(now <= cost_)) return false;
    x_ = std::move(x);
    residuals_ = std::move(residuals);
    cost_ = now;
    return true;
  }

  [[nodiscard]] std::vector<double> widths() const {
    const std::size_t n = x_.size();
    std::vector<double> result(n, std::numeric_limits<double>::infinity());
    Matrix factor = normal_;
    if (!factorise(factor, n)) return result;
    // Diagonal of the inverse of L L^T: squares of the columns of the inverse of L.
    std::vector<double> column(n);
    for (std::size_t j = 0; j < n; ++j) {
      column[j] = 1 / factor[j * n + j];
      for (std::size_t i = j + 1; i < n; ++i) {
        column[i] = -dot(&factor[i * n + j], &column[j], i - j) / factor[i * n + i];
      }
      result[j] = std::sqrt(dot(&column[j], &column[j], n - j));
    }
    return result;
  }

  const LeastSquaresProblem& problem_;
  double f_;
  std::vector<double> x_;
  std::vector<double> residuals_ = {};
  double cost_ = 0;
  Matrix normal_ = {};
  std::vector<double> gradient_ = {};
};

}  // namespace

LeastSquaresResult least_squares(const LeastSquaresProblem& problem, std::vector<double> start,
                                 double f_scale) {
  return Search(problem, std::move(start), f_scale).run();
}

}  // namespace roofline::calibrate
