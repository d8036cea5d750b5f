// Owns whether a device of a list runs a step: operators, element types and limits of sizes.
// Refuses to know profiles: what a list says of a device decides.
#include "backend_support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "roofline/base/text.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::plan {
namespace {

using hardware::Backend;

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string too_large(const std::string& id, std::string_view what, std::int64_t size,
                      std::int64_t most) {
  return fmt::format("{} takes a {} of {} at the most, not {}", id, what, most, size);
}

/// What of a kernel is too large for the device.
std::string exceeded(const BackendDevice& device, const ops::Contraction& c) {
  const auto& limits = device.backend->limits;
  for (const std::int64_t size : c.kernel) {
    if (size > limits.kernel) return too_large(device.profile->id, "kernel", size, limits.kernel);
  }
  for (const std::int64_t size : c.stride) {
    if (size > limits.stride) return too_large(device.profile->id, "stride", size, limits.stride);
  }
  return {};
}

/// What of an activation is too large for the device, or of a type that it does not take.
std::string exceeded(const BackendDevice& device, const ir::TensorType& type) {
  const auto& limits = device.backend->limits;
  const auto& dtypes = device.backend->dtypes;
  const std::string& id = device.profile->id;
  if (!dtypes.empty() && std::find(dtypes.begin(), dtypes.end(), type.dtype) == dtypes.end()) {
    return fmt::format("{} takes no {}", id, ir::name(type.dtype));
  }
  if (!type.shape) return {};
  const ir::Shape& shape = *type.shape;
  const auto rank = static_cast<std::int64_t>(shape.size());
  if (rank > limits.rank) return too_large(id, "rank", rank, limits.rank);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t most = axis == 0 ? limits.batch : limits.axis;
    if (shape[axis] > most) return too_large(id, axis == 0 ? "batch" : "size", shape[axis], most);
  }
  return {};
}

std::string exceeded(const Draft& draft, const BackendDevice& device, ir::NodeId n) {
  const ir::Node& node = draft.node(n);
  std::string why;
  if (const auto& contraction = draft.cost(n).work.contraction)
    why = exceeded(device, *contraction);
  for (const ops::Access& access : draft.cost(n).accesses) {
    if (!why.empty()) break;
    const auto i = static_cast<std::size_t>(access.index());
    const ir::TensorId t = access.is_output() ? node.outputs[i] : node.inputs[i];
    if (draft.graph.is_constant[static_cast<std::size_t>(t)]) continue;
    why = exceeded(device, draft.type(t));
  }
  return why;
}

}  // namespace

std::string lacks(const Draft& draft, const BackendDevice& device, const Step& step) {
  const Backend& backend = *device.backend;
  if (backend.takes_all()) return {};
  if (!backend.ops.empty() && step.repeat != Count(1)) return "it is in a loop or branch";
  for (const ir::NodeId n : step.nodes) {
    const std::string& type = draft.node(n).op_type;
    if ((!backend.ops.empty() && !contains(backend.ops, type)) || contains(backend.except, type)) {
      return fmt::format("{} does not support {}", device.profile->id, type);
    }
    const std::string limit = exceeded(draft, device, n);
    if (!limit.empty()) return limit;
  }
  return {};
}

void warn_of_operators(const hardware::Backends& backends, Outcome& outcome) {
  std::set<std::string, std::less<>> known;
  for (const ops::OpSpec& row : ops::all_ops()) known.emplace(row.type);
  const std::vector<std::string> types(known.begin(), known.end());
  for (const Backend& backend : backends.devices) {
    for (const auto* list : {&backend.ops, &backend.except}) {
      for (const std::string& type : *list) {
        if (known.contains(type)) continue;
        const std::string hint = did_you_mean_hint(type, types);
        outcome.warnings.push_back(fmt::format("{} lists '{}', which is no known operator{}",
                                               backends.id, printable(type),
                                               hint.empty() ? "" : "; " + hint));
      }
    }
  }
}

}  // namespace roofline::plan
