#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "names.hpp"
#include "roofline/report/budget.hpp"

namespace roofline::report {

/// A report as budgets see it: the layers of its result or, without one, its nodes.
class Parts {
 public:
  explicit Parts(const Report& report);
  [[nodiscard]] const Report& report() const { return report_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Part at(std::size_t index) const;
  [[nodiscard]] bool complete(std::size_t index) const;
  [[nodiscard]] const std::string& cls(std::size_t index) const;
  /// True when the name on the screen, or the full name of one of its nodes, fits the pattern.
  [[nodiscard]] bool fits(std::size_t index, std::string_view pattern) const;
  /// Names and operator; no figures.
  [[nodiscard]] Culprit describe(std::size_t index) const;

 private:
  [[nodiscard]] std::string label(std::size_t index) const;

  const Report& report_;
  const std::vector<LayerRow>* layers_;  ///< nullptr without a machine
  std::size_t size_;
  Names names_;
};

/// The parts of an older report, and which of them became which.
class Baseline {
 public:
  /// Throws Error (kUsage, "baseline-mismatch").
  Baseline(const Report& before, const Report& after);
  [[nodiscard]] const Parts& parts() const { return before_; }
  /// What `figure` was in the layer that is `now` now; nullopt for one that was added.
  [[nodiscard]] std::optional<Measured> before(std::size_t index, const Figure& figure,
                                               const Measured& now) const;
  /// Parts that cost or are something else than they did, or were added.
  [[nodiscard]] const std::unordered_map<std::size_t, std::optional<std::size_t>>& changed() const {
    return changed_;
  }

 private:
  Parts before_;
  std::unordered_map<std::size_t, std::optional<std::size_t>> changed_;
};

/// True when `text` is `pattern`, in which '*' stands for any characters and '?' for one.
[[nodiscard]] bool fits(std::string_view text, std::string_view pattern);

}  // namespace roofline::report
