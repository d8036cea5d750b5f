#include "roofline/calibrate/least_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace roofline::calibrate {
namespace {

/// y = exp(x0) + exp(x1) * t at t = 0, 1, ..., residuals relative to 1 %.
LeastSquaresProblem line(const std::vector<double>& y) {
  LeastSquaresProblem problem;
  problem.residuals = [y](const std::vector<double>& x) {
    std::vector<double> r;
    for (std::size_t t = 0; t < y.size(); ++t) {
      r.push_back(std::log((std::exp(x[0]) + std::exp(x[1]) * static_cast<double>(t)) / y[t]) /
                  0.01);
    }
    return r;
  };
  problem.jacobian = [y](const std::vector<double>& x) {
    std::vector<SparseColumn> columns(2);
    for (std::size_t t = 0; t < y.size(); ++t) {
      const double slope = std::exp(x[1]) * static_cast<double>(t);
      const double sum = std::exp(x[0]) + slope;
      columns[0].rows.push_back(t);
      columns[0].values.push_back(std::exp(x[0]) / sum / 0.01);
      columns[1].rows.push_back(t);
      columns[1].values.push_back(slope / sum / 0.01);
    }
    return columns;
  };
  problem.prior_mean = {0, 0};
  problem.prior_width = {3, 3};
  return problem;
}

TEST(LeastSquares, FindsTheParametersBehindExactData) {
  const LeastSquaresProblem problem = line({3, 5, 7, 9, 11});  // 3 + 2 t
  const LeastSquaresResult fit = least_squares(problem, {0, 0});
  EXPECT_NEAR(std::exp(fit.x[0]), 3, 0.01);
  EXPECT_NEAR(std::exp(fit.x[1]), 2, 0.01);
  EXPECT_LT(fit.width[0], 0.1);
}

TEST(LeastSquares, AnOutlierPullsLittle) {
  const LeastSquaresResult fit = least_squares(line({3, 5, 7, 90, 11, 13, 15}), {0, 0});
  EXPECT_NEAR(std::exp(fit.x[0]), 3, 0.1);
  EXPECT_NEAR(std::exp(fit.x[1]), 2, 0.1);
}

TEST(LeastSquares, WithoutDataThePriorStays) {
  LeastSquaresProblem problem = line({});
  problem.prior_mean = {1, 2};
  const LeastSquaresResult fit = least_squares(problem, {0, 0});
  EXPECT_NEAR(fit.x[0], 1, 1e-6);
  EXPECT_NEAR(fit.x[1], 2, 1e-6);
  EXPECT_NEAR(fit.width[0], 3, 1e-9);
}

TEST(LeastSquares, TheSameDataGiveTheSameBits) {
  const LeastSquaresResult a = least_squares(line({3, 5, 7.1, 9, 11.2}), {0, 0});
  const LeastSquaresResult b = least_squares(line({3, 5, 7.1, 9, 11.2}), {0, 0});
  EXPECT_EQ(a.x, b.x);
}

}  // namespace
}  // namespace roofline::calibrate
