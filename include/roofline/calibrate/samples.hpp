#pragma once
#include <memory>
#include <string>
#include <vector>

#include "roofline/calibrate/fit.hpp"

namespace roofline::calibrate {

/// Which rows to use, and where their models and machines are.
struct SampleSources {
  std::vector<std::string> model_dirs = {};    ///< the folder of the measurements comes after these
  const hardware::Profile* machine = nullptr;  ///< of rows that name none
  std::string runtime = {};  ///< of rows to use, and of those that name none; empty: all
  std::string without = {};  ///< id of a machine whose rows are left out
  /// Called after each row, with rows done and rows in all.
  void (*progress)(std::size_t done, std::size_t all) = nullptr;
};

/// Measurements beside what was executed in them.
struct Samples {
  std::vector<Sample> list = {};
  std::vector<Diagnostic> diagnostics = {};  ///< rows that could not be used, and why
  /// Machines that rows name, kept alive for the workloads.
  std::vector<std::shared_ptr<const hardware::Profile>> profiles = {};
};

/// A model file of that name: itself, or in one of the folders, with .onnx behind it or not. Empty
/// when there is none.
[[nodiscard]] std::string find_model(const std::string& name,
                                     const std::vector<std::string>& folders);

/// Plans every row. A row whose model or machine cannot be found or priced is a diagnostic.
[[nodiscard]] Samples prepare(const Measurements& measurements, const SampleSources& sources);

}  // namespace roofline::calibrate
