// Owns repetition: how often a body runs, and types that hold for every iteration.
// Refuses to guess a number of iterations: where nothing tells it, the body's cost is per run.
#include <fmt/format.h>

#include <algorithm>

#include "expand.hpp"

namespace roofline::infer {
namespace {

using ir::kNoTensor;
using ir::TensorType;

constexpr std::size_t kMostUnrolledVisits = 20'000;
constexpr int kMostJoins = 4;
constexpr std::int64_t kEndless = std::int64_t{1} << 31;  // what exporters write for `while`

using ir::at;

/// What is left of a state when no description of it holds for two iterations.
TensorType unknown_like(const TensorType& type) { return {.dtype = type.dtype, .kind = type.kind}; }

}  // namespace

std::optional<std::int64_t> known_scalar(const TensorType& type) {
  const auto* values = type.value ? ir::ints(*type.value) : nullptr;
  if (!values || values->size() != 1 || values->front() == ir::kUnknownElement) return {};
  return values->front();
}

bool equal(const TensorType& a, const TensorType& b) {
  if (a.dtype != b.dtype || a.shape != b.shape || a.value != b.value || a.bound != b.bound ||
      a.kind != b.kind || !a.content != !b.content) {
    return false;
  }
  if (!a.content || a.content == b.content) return true;
  if (!equal(a.content->common, b.content->common)) return false;
  if (!a.content->each != !b.content->each || a.content->size() != b.content->size()) return false;
  return !a.content->each || std::equal(a.content->each->begin(), a.content->each->end(),
                                        b.content->each->begin(), b.content->each->end(), equal);
}

bool Expander::priced_since(std::size_t first_node) const {
  return std::all_of(walk_.typed.costs.begin() + static_cast<std::ptrdiff_t>(first_node),
                     walk_.typed.costs.end(),
                     [](const NodeCost& cost) { return cost.complete() || !cost.spec; });
}

/// Runs the body on types that hold for every iteration.
Expander::Body Expander::run_to_fixpoint(Frame& frame, ir::NodeId slot, const Trips& trips,
                                         const Recurrence& recurrence) {
  std::vector<BodyInput> inputs = recurrence.inputs;
  for (int joins = 0;; ++joins) {
    const Mark before = mark();
    Body body = run_body(frame, slot, recurrence.body, "body", trips, inputs);
    bool stable = true;
    for (std::size_t i = 0; i < recurrence.states; ++i) {
      const ir::TensorId result = body.results.at(recurrence.first_output + i);
      TensorType& state = inputs[recurrence.first_input + i].type;
      TensorType joined =
          ir::join(state, result == kNoTensor ? TensorType{.dtype = state.dtype, .kind = state.kind}
                                              : type(result));
      joined.bound.reset();  // the limits of a first iteration say nothing of the next
      joined.value_bound.reset();
      if (equal(joined, state)) continue;
      stable = false;
      state = joins < kMostJoins ? std::move(joined) : unknown_like(state);
    }
    // Past the last join nothing is claimed that could still change.
    if (stable || joins > kMostJoins) return body;
    take_back(before);
  }
}

/// Takes over what an iteration made: states are the next one's inputs, the rest has to hold for
/// all.
void Expander::feed_back(const Body& body, const Recurrence& recurrence,
                         std::vector<BodyInput>& inputs, Outcome& outcome) const {
  const bool is_first = outcome.results.empty();
  outcome.ids = body.results;
  outcome.results.resize(body.results.size());
  for (std::size_t i = 0; i < body.results.size(); ++i) {
    const TensorType result = body.results[i] == kNoTensor ? TensorType{} : type(body.results[i]);
    const bool is_state =
        i >= recurrence.first_output && i < recurrence.first_output + recurrence.states;
    outcome.results[i] = is_state || is_first ? result : ir::join(outcome.results[i], result);
    if (!is_state) continue;
    inputs[recurrence.first_input + i - recurrence.first_output] = {result, body.results[i]};
  }
}

/// Runs iteration after iteration, each on its own types; nullopt when there are too many, or when
/// it cannot be told which one is the last.
std::optional<Expander::Outcome> Expander::unroll(Frame& frame, ir::NodeId slot, const Trips& trips,
                                                  const Recurrence& recurrence) {
  if (trips.count && *trips.count > kMostUnrolled) return {};
  const std::int64_t limit = trips.count ? trips.count->value() : kMostUnrolled + 1;
  const std::size_t first_visit = visits_;
  std::vector<BodyInput> inputs = recurrence.inputs;
  Outcome outcome;
  std::int64_t k = 0;
  for (; k < limit; ++k) {
    if (recurrence.counts) {
      inputs[0].type.value = std::vector<std::int64_t>{k};
      const auto go_on = known_scalar(inputs[1].type);
      if (!trips.given && !go_on) return {};
      if (!trips.given && *go_on == 0) break;
    }
    const Body body =
        run_body(frame, slot, recurrence.body, fmt::format("body[{}]", k), {}, inputs);
    if (k == kMostUnrolled || visits_ - first_visit > kMostUnrolledVisits) return {};
    feed_back(body, recurrence, inputs, outcome);
  }
  if (k == 0) return {};
  outcome.trips = {.count = Count(k), .given = trips.given};
  return outcome;
}

Expander::Outcome Expander::iterate(Frame& frame, ir::NodeId slot, Trips trips,
                                    const Recurrence& recurrence) {
  const Mark start = mark();
  Body body = run_to_fixpoint(frame, slot, trips, recurrence);
  if (recurrence.counts && !trips.given && body.results.at(0) != kNoTensor) {
    const auto go_on = known_scalar(type(body.results[0]));
    if (!go_on) trips.at_most = trips.count && *trips.count > 0;
    if (go_on == 0) trips.count = std::min(trips.count.value_or(1), Count(1));
  }
  const auto results_of = [&](const Body& b) {
    std::vector<TensorType> types;
    for (const ir::TensorId id : b.results)
      types.push_back(id == kNoTensor ? TensorType{} : type(id));
    return types;
  };
  Outcome outcome{trips, results_of(body), body.results};
  const bool is_exact = !trips.at_most && trips.count && priced_since(body.first_node) &&
                        std::all_of(outcome.results.begin(), outcome.results.end(),
                                    [](const TensorType& t) { return t.has_exact_shape(); });
  if (!is_exact && !(trips.count == Count(0))) {
    const Mark before = mark();
    const bool priced = priced_since(body.first_node);
    std::optional<Outcome> unrolled = unroll(frame, slot, trips, recurrence);
    take_back(before);
    if (unrolled && !priced) {
      take_back(start);
      return *unroll(frame, slot, trips, recurrence);
    }
    if (unrolled) {
      outcome.results = unrolled->results;
      outcome.trips = unrolled->trips;
    }
  }
  // The body was laid out for other numbers of runs: once more, with the right one.
  take_back(start);
  outcome.ids = run_to_fixpoint(frame, slot, outcome.trips, recurrence).results;
  for (std::size_t i = 0; i < recurrence.states; ++i) {
    const TensorType& initial = recurrence.inputs[recurrence.first_input + i].type;
    TensorType& last = outcome.results[recurrence.first_output + i];
    if (outcome.trips.count == Count(0))
      last = initial;
    else if (!outcome.trips.count || outcome.trips.at_most)
      last = ir::join(initial, last);
  }
  return outcome;
}

/// What --trip-count says of the node, by name or id.
std::optional<Trips> Expander::given_trips(ir::NodeId slot) {
  const NodeCost& cost = walk_.typed.costs[at(slot)];
  const Scope& scope = walk_.typed.scopes[at(cost.scope)];
  const ir::Node& node = graph_->nodes[at(slot)];
  std::optional<Trips> trips;
  for (const std::string& key :
       {scope.name + ir::display_name(node, cost.index), scope.id + std::to_string(cost.index)}) {
    loops_.insert(key);
    const auto given = bindings_.trip_counts.find(key);
    if (given != bindings_.trip_counts.end()) {
      trips = Trips{.count = Count(given->second), .given = true};
    }
  }
  return trips;
}

Trips Expander::loop_trips(ir::NodeId slot) {
  if (const std::optional<Trips> given = given_trips(slot)) return *given;
  const ir::Node& node = graph_->nodes[at(slot)];
  if (known_scalar(operand_type(node, 1)) == 0) return {.count = Count(0)};
  const auto most = known_scalar(operand_type(node, 0));
  if (!most || *most >= kEndless) return {.count = std::nullopt};
  return {.count = Count(std::max<std::int64_t>(*most, 0))};
}

void Expander::report_trips(ir::NodeId slot, const Trips& trips) {
  const std::string name =
      walk_.typed.scopes[at(walk_.typed.costs[at(slot)].scope)].name +
      ir::display_name(graph_->nodes[at(slot)], walk_.typed.costs[at(slot)].index);
  const std::string hint = fmt::format("--trip-count {}=N", name);
  if (!trips.count) {
    walk_.add(
        Severity::kWarning, "unknown-trip-count",
        "nothing tells how often the body runs: it is counted once, and sums are lower bounds",
        hint, slot);
  } else if (trips.at_most) {
    walk_.add(Severity::kNote, "limited-trip-count",
              fmt::format("the loop may end before its {} iterations: all are counted",
                          trips.count->value()),
              hint, slot);
  }
}

}  // namespace roofline::infer
