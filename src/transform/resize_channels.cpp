// Owns the change of channel counts: sizes of groups, what is edited for them, and the proof by
// inference that the new model's sizes are those that were meant.
// Refuses, group by group, what does not follow.
#include "resize_channels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "channel_edit.hpp"

namespace roofline::transform {
namespace {

/// Groups are refused in as many rounds at most; then all are.
constexpr int kMostRounds = 16;

using ir::at;

void choose_sizes(AxisGroups& groups, const ChannelPolicy& policy) {
  std::vector<AxisGroups::Group>& all = groups.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    AxisGroups::Group& group = all[i];
    group.new_size = group.size;
    if (!groups.stands_for_itself(static_cast<GroupId>(i)) || !group.asked || group.is_kept)
      continue;
    const std::optional<std::int64_t> size = policy.resize(group.size, group.step);
    // Channels of zeros change an average over all channels.
    const bool is_harmful = group.is_averaged && size.value_or(0) > group.size;
    if (size && !is_harmful) {
      group.new_size = *size;
      continue;
    }
    group.is_kept = true;
    group.kept = size ? group.averaged : Reason{policy.impossible};
  }
}

/// True for a result whose sizes are those that the groups ask for.
bool is_as_meant(Channels& channels, const infer::TypedGraph& after, ir::TensorId id) {
  const auto& old_shape = channels.own().type(id).shape;
  const auto& new_shape = after.types[at(id)].shape;
  if (!old_shape) return true;
  if (!new_shape || new_shape->size() != old_shape->size()) return false;
  const std::vector<Axis>& axes = channels.known_axes(id);
  for (std::size_t a = 0; a < old_shape->size(); ++a) {
    const bool follows = a < axes.size() && !axes[a].empty();
    const std::int64_t wanted = follows ? channels.groups.new_size(axes[a]) : (*old_shape)[a];
    if (wanted != (*new_shape)[a]) return false;
  }
  return true;
}

/// Keeps the channels of every node that is the first to go wrong; true when all is well.
bool verify(Channels& channels, const infer::TypedGraph& after) {
  const OwnNodes& own = channels.own();
  std::set<std::string> broken;
  for (const Diagnostic& error : new_errors(own.graph(), after)) broken.insert(error.node_id);
  std::vector<bool> is_wrong(own.graph().types.size(), false);
  bool is_well = true;
  bool helps = false;
  for (std::size_t n = 0; n < own.size(); ++n) {
    const ir::Node& node = own.nodes()[n];
    bool wrong =
        own.walked(n) != ir::kNoNode && broken.contains(own.graph().node_id(own.walked(n)));
    for (const ir::TensorId id : node.outputs) {
      if (id == ir::kNoTensor || is_as_meant(channels, after, id)) continue;
      wrong = is_wrong[at(id)] = true;
    }
    if (!wrong) continue;
    is_well = false;
    const bool is_first = std::none_of(node.inputs.begin(), node.inputs.end(), [&](auto id) {
      return id != ir::kNoTensor && is_wrong[at(id)];
    });
    for (const ir::TensorId id : node.outputs) {
      if (id != ir::kNoTensor) is_wrong[at(id)] = true;
    }
    if (!is_first) continue;
    const Reason reason = {"do not fit", static_cast<ir::NodeId>(n)};
    if (channels.keep_node(n, reason)) helps = true;
  }
  // Bodies and functions are no nodes of their own: an error there is nobody's.
  if (is_well && broken.empty()) return true;
  if (!helps) helps = channels.keep_read_sizes();
  if (!helps) {
    for (AxisGroups::Group& group : channels.groups.all()) {
      if (!group.is_kept) group.kept = {"lead to sizes that do not fit"};
      group.is_kept = true;
    }
  }
  return false;
}

struct Maker {
  std::size_t node;
  std::size_t channel_axis;  ///< of the result
  Axis out;
  Axis in;
};

/// Nodes that make channels with weights, by the axes of those.
std::vector<Maker> find_makers(Channels& channels) {
  const OwnNodes& own = channels.own();
  std::vector<Maker> makers;
  for (std::size_t n = 0; n < own.size(); ++n) {
    const ops::OpSpec* spec = own.spec(n);
    const std::vector<ir::TensorId>& inputs = own.nodes()[n].inputs;
    const bool is_contraction =
        spec && (spec->cls == ops::OpClass::kConv || spec->cls == ops::OpClass::kMatmul);
    if (!is_contraction || inputs.size() < 2 || inputs[1] == ir::kNoTensor) continue;
    const ir::Shape* result = own.result_shape(n);
    const ir::Shape* from = own.input_shape(n, 0);
    if (!own.graph().is_constant[at(inputs[1])] || !result || !from) continue;
    if (from->size() < 2 || result->size() < 2) continue;
    const bool is_conv = spec->cls == ops::OpClass::kConv;
    const std::size_t last = has_flag(own.nodes()[n], "transA") ? 0 : from->size() - 1;
    const std::size_t axis = is_conv ? 1 : result->size() - 1;
    makers.push_back({n, axis, channels.axis(own.nodes()[n].outputs[0], axis),
                      channels.axis(inputs[0], is_conv ? 1 : last)});
  }
  return makers;
}

/// Why a picked node makes as many channels as before; empty where it should.
std::string why_kept(Channels& channels, const Maker& maker, const ChannelPolicy& policy) {
  if (maker.out.empty()) {
    const ir::Shape& result = *channels.own().result_shape(maker.node);
    const std::int64_t size = result[maker.channel_axis];
    if (size == 1) return "it makes a single channel";
    const bool is_fine = size > 0 && policy.resize(size, 1) == size;
    return is_fine ? std::string(policy.unchanged) : "the axis of its channels is not followed";
  }
  bool is_asked = false;
  for (const Run& run : channels.groups.resolve(maker.out)) {
    const AxisGroups::Group& group = channels.groups.at(run.group);
    if (policy.resize(group.size, group.step) == group.size) continue;
    if (group.is_kept) return "its channels " + channels.explain(group.kept);
    is_asked = true;
  }
  return is_asked ? "its channels make up for each other" : std::string(policy.unchanged);
}

void report(Channels& channels, const infer::Selection& selection, const std::vector<Maker>& makers,
            const ChannelPolicy& policy, Outcome& outcome) {
  AxisGroups& groups = channels.groups;
  const auto change = [&](const Axis& axis) {
    const std::int64_t before = groups.old_size(groups.resolve(axis));
    const std::int64_t now = groups.new_size(axis);
    return before == now ? std::string() : fmt::format("{} -> {}", before, now);
  };
  const OwnNodes& own = channels.own();
  for (const Maker& maker : makers) {
    const std::string out = change(maker.out);
    const std::string in = change(maker.in);
    const bool is_picked = selection.has(own.walked(maker.node));
    std::string what = fmt::format("{} out, {} in", out, in);
    if (in.empty()) what = out + " channels out";
    if (out.empty()) what = in + " channels in";
    if (!out.empty() || !in.empty()) {
      outcome.changed.push_back(own.finding(maker.node, std::move(what)));
    }
    if (!out.empty() || !is_picked) continue;
    std::string why = why_kept(channels, maker, policy);
    if (!why.empty()) outcome.refused.push_back(own.finding(maker.node, std::move(why)));
  }
  refuse_inner_nodes(own.graph(), selection, outcome);
}

}  // namespace

ir::Model resize_channels(const infer::TypedGraph& graph, const Scenario& scenario,
                          const infer::Bindings& bindings, const ChannelPolicy& policy,
                          Outcome& outcome) {
  const OwnNodes own(graph);
  const infer::Selection selection(graph, scenario);
  Channels channels(own, selection);
  const std::vector<Maker> makers = find_makers(channels);
  if (std::none_of(makers.begin(), makers.end(),
                   [&](const Maker& m) { return selection.has(own.walked(m.node)); })) {
    fail_scenario(scenario, "finds no convolution or matrix product with constant weights",
                  "'roofline analyze' lists the nodes and their operators");
  }
  for (int round = 0;; ++round) {
    choose_sizes(channels.groups, policy);
    if (round == kMostRounds) {
      for (AxisGroups::Group& group : channels.groups.all()) group.new_size = group.size;
    }
    ir::Model model = edit_channels(channels);
    if (round == kMostRounds || verify(channels, infer::infer(model, bindings))) {
      report(channels, selection, makers, policy, outcome);
      return model;
    }
  }
}

}  // namespace roofline::transform
