// Owns the order of a request's stages: when each starts, what sets the latency, and the rate at
// which requests can follow each other.
// Refuses to price a stage.
#include "request_schedule.hpp"

#include <algorithm>
#include <utility>

namespace roofline {

using report::ResourceRow;
using report::StageRow;

double Schedule::end_s(Moment moment) const {
  return moment ? report_.stages[*moment].start_s + report_.stages[*moment].latency_s : 0;
}

Schedule::Moment Schedule::later(Moment a, Moment b) const {
  return !a || end_s(b) > end_s(a) ? b : a;
}

Schedule::Moment Schedule::add(StageRow row, Moment ready, ResourceRow& resource) {
  Moment& last = last_on_[resource.name];
  const Moment start = later(ready, last);
  row.on = resource.name;
  row.start_s = end_s(start);
  resource.busy_s += row.latency_s;
  report_.complete = report_.complete && row.complete;
  report_.stages.push_back(std::move(row));
  waited_for_.push_back(start);
  last = report_.stages.size() - 1;
  return last;
}

void Schedule::finish() {
  Moment end;
  for (std::size_t r = 0; r < report_.stages.size(); ++r) end = later(end, r);
  report_.serial_latency_s = end_s(end);
  for (Moment row = end; row; row = waited_for_[*row]) report_.stages[*row].critical = true;
  for (StageRow& row : report_.stages) {
    if (report_.serial_latency_s > 0) row.share = row.latency_s / report_.serial_latency_s;
  }
  if (report_.complete) set_throughput();
}

void Schedule::set_throughput() {
  std::vector<ResourceRow*> resources;
  for (report::DeviceRow& device : report_.devices) resources.push_back(&device);
  for (report::LinkRow& link : report_.links) resources.push_back(&link);
  const ResourceRow& busiest =
      **std::max_element(resources.begin(), resources.end(),
                         [](const auto* a, const auto* b) { return a->busy_s < b->busy_s; });
  const double period_s = busiest.busy_s;
  if (period_s <= 0) return;
  report_.throughput_per_s = 1 / period_s;
  report_.in_flight = report_.serial_latency_s / period_s;  // Little: rate x time in the system
  report_.bottleneck = busiest.name;
  double longest_s = 0;
  for (const StageRow& row : report_.stages) {
    if (row.on != busiest.name || row.latency_s <= longest_s) continue;
    longest_s = row.latency_s;
    report_.bottleneck_stage = row.name;
  }
  for (ResourceRow* resource : resources) resource->utilisation = resource->busy_s / period_s;
}

}  // namespace roofline
