#pragma once
#include <string>
#include <vector>

#include "roofline/infer/selection.hpp"
#include "scenario.hpp"
#include "tile_search.hpp"

namespace roofline::plan {

/// Consecutive steps that can all go by rows, of one batch.
struct TileRun {
  std::vector<std::size_t> steps;  ///< of the plan, parallel to `layers`
  std::vector<RowMap> maps;
  std::vector<TileLayer> layers;
};

/// Cuts the plan into runs, and says what main memory sees of each step without tiles. `why` has an
/// entry for each step: the reason, where a step that runs on the device is in no run. Linear in
/// accesses.
[[nodiscard]] std::vector<TileRun> tile_runs(const PlanChange& change, const TileMachine& machine,
                                             const infer::Selection& selection,
                                             std::vector<std::string>& why);

}  // namespace roofline::plan
