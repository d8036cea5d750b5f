#pragma once
#include <cstddef>
#include <functional>
#include <vector>

namespace roofline::calibrate {

/// A column of derivatives of the residuals, by rows; rows that are not listed have none.
struct SparseColumn {
  std::vector<std::size_t> rows = {};
  std::vector<double> values = {};
};

/// Residuals at x, and their derivatives by each element of x.
struct LeastSquaresProblem {
  std::function<std::vector<double>(const std::vector<double>& x)> residuals;
  std::function<std::vector<SparseColumn>(const std::vector<double>& x)> jacobian;
  std::vector<double> prior_mean = {};   ///< of each element of x
  std::vector<double> prior_width = {};  ///< its standard deviation
};

struct LeastSquaresResult {
  std::vector<double> x = {};
  std::vector<double> width = {};  ///< standard deviation of each element given residuals and prior
};

/// Minimises sum(rho(r_i)) + sum(((x_j - mean_j) / width_j)^2) by Levenberg-Marquardt with
/// rho(r) = 2 f^2 (sqrt(1 + (r / f)^2) - 1), which limits the pull of outliers. Deterministic.
/// Source: Triggs et al., "Bundle Adjustment: A Modern Synthesis" (robust reweighting).
[[nodiscard]] LeastSquaresResult least_squares(const LeastSquaresProblem& problem,
                                               std::vector<double> start, double f_scale = 2);

}  // namespace roofline::calibrate
