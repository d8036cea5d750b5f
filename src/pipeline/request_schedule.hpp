#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "roofline/report/request.hpp"

namespace roofline {

/// When each row of a request runs. A device or link takes its rows one after the other, in the
/// order in which they are added.
class Schedule {
 public:
  /// A row of the report, or nothing: the moment when the input arrives.
  using Moment = std::optional<std::size_t>;

  /// Fills in `report`, which must outlive it.
  explicit Schedule(report::RequestReport& report) : report_(report) {}

  [[nodiscard]] Moment later(Moment a, Moment b) const;
  /// Adds a row that starts once `ready` is over and its resource is free.
  Moment add(report::StageRow row, Moment ready, report::ResourceRow& resource);
  /// Latency, shares, the critical path, throughput and what bounds it.
  void finish();

 private:
  [[nodiscard]] double end_s(Moment moment) const;
  void set_throughput();

  report::RequestReport& report_;
  std::vector<Moment> waited_for_ = {};         ///< parallel to rows
  std::map<std::string, Moment> last_on_ = {};  ///< resource
};

}  // namespace roofline
