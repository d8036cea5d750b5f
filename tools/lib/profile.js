'use strict';
// What ONNX Runtime's profile says: seconds of every executed node and of whole runs.
//
// Durations are whole microseconds, rounded down: half of one is added to each mean. Profiling
// itself takes time inside every node's event (it builds the event's text before it reads the
// clock): correct_nodes takes that off again.

const { Model, now_s } = require('./session');
const { median, middle_mean } = require('./statistics');

const US = 1e-6;
const ROUNDING_US = 0.5;

/** Runs of the model in the profile: [{us, nodes: Map key -> {us, event, calls}}]. */
function split_runs(events) {
  const runs = [];
  let nodes = [];
  for (const event of events) {
    if (event.cat === 'Node' && event.name.endsWith('_kernel_time')) nodes.push(event);
    if (event.cat === 'Session' && event.name === 'model_run') {
      runs.push({ us: event.dur, nodes: own_times(nodes) });
      nodes = [];
    }
  }
  return runs;
}

/** Time by node, without what nodes inside it (in the body of a Loop) took. */
function own_times(events) {
  const nodes = new Map();
  const open = [];
  for (const event of [...events].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    const key = `${event.args.node_index} ${event.name}`;
    const node = nodes.get(key) ?? { us: 0, calls: 0, event };
    nodes.set(key, node);
    node.us += event.dur;
    node.calls += 1;
    while (open.length > 0 && open.at(-1).end <= event.ts) open.pop();
    if (open.length > 0 && event.ts + event.dur <= open.at(-1).end) open.at(-1).node.us -= event.dur;
    open.push({ end: event.ts + event.dur, node });
  }
  return nodes;
}

const shapes = (types) => (types ?? []).map((type) => Object.values(type)[0]);

/** The nodes of some runs in order of execution, with the profiler's share still in their times. */
function node_rows(runs) {
  return [...(runs[0]?.nodes ?? [])].map(([key, { event, calls }]) => ({
    name: event.name.slice(0, -'_kernel_time'.length),
    op: event.args.op_name,
    inputs: shapes(event.args.input_type_shape),
    outputs: shapes(event.args.output_type_shape),
    seconds: (middle_mean(runs.map((run) => run.nodes.get(key)?.us ?? 0)) + calls * ROUNDING_US) * US,
    calls,
    runs: runs.length,
  }));
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

/**
 * Takes the profiler's share off the times of nodes. What they exceed `whole_s` by, a run's time
 * without the profiler, is the profiler's, in equal parts; a part cannot be much more than what the
 * profiler costs a tiny node: the rest is the machine's disturbance.
 */
function correct_nodes(rows, whole_s, costs) {
  const excess_s = (sum(rows.map((row) => row.seconds)) - whole_s) / sum(rows.map((row) => row.calls));
  const share_s = Math.min(Math.max(excess_s, 0), 2 * costs.event_s);
  return rows.map(({ calls, ...row }) => (
    { ...row, seconds: Math.max(row.seconds - calls * share_s, 0.02 * US) }));
}

/** What a call takes outside of the run, by both clocks: converting inputs and results. */
function call_overhead_s(call_seconds, runs) {
  return Math.max(0, median(call_seconds.map((s, i) => s - (runs[i].us + ROUNDING_US) * US)));
}

/** `chains` chains of `nodes` tiny nodes each, in protobuf's wire format. */
function tiny_model(chains, nodes) {
  const text = (value) => Buffer.from(value);
  const varint = (value) => (value < 128 ? Buffer.from([value]) : Buffer.from([(value % 128) | 128, value >> 7]));
  const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
  const bytes = (field, ...parts) => {
    const body = Buffer.concat(parts);
    let size = [];
    for (let rest = body.length; ; rest >>= 7) {
      size.push(rest > 127 ? (rest % 128) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([varint(field * 8 + 2), Buffer.from(size), body]);
  };
  const shape = bytes(2, bytes(1, number(1, 1)), bytes(1, number(1, 16)));
  const port = (name) => [bytes(1, text(name)), bytes(2, bytes(1, number(1, 1), shape))];
  const graph = [bytes(2, text('tiny'))];
  for (let chain = 0; chain < chains; ++chain) {
    const name = (i) => `t${chain}_${i}`;
    for (let i = 0; i < nodes; ++i) {
      const op = ['Neg', 'Abs', 'Sin', 'Ceil'][i % 4];
      graph.push(bytes(1, bytes(1, text(name(i))), bytes(2, text(name(i + 1))), bytes(4, text(op))));
    }
    graph.push(bytes(11, ...port(name(0))), bytes(12, ...port(name(nodes))));
  }
  return new Uint8Array(Buffer.concat([number(1, 8), bytes(7, ...graph), bytes(8, number(2, 17))]));
}

/** Calls of a tiny model, with and without the profiler. */
function time_tiny([chains, nodes], settings, prefix) {
  const bytes = tiny_model(chains, nodes);
  const fixed = { ...settings, dims: {}, shapes: {} };
  const plain = new Model(bytes, fixed);
  plain.warm_up();
  const { seconds: plain_s } = plain.timed_runs(100, now_s() + 0.02, 1000);
  plain.close();
  const profiled = new Model(bytes, fixed, prefix);
  profiled.warm_up();
  const { seconds: profiled_s } = profiled.timed_runs(20, now_s() + 0.02, Math.max(20, 2000 / nodes));
  const runs = split_runs(profiled.close_profile(prefix)).slice(-profiled_s.length);
  return {
    plain_s: median(plain_s),
    profiled_s: median(profiled_s),
    run_s: (median(runs.map((run) => run.us)) + ROUNDING_US) * US,
    events_s: sum(node_rows(runs).map((row) => row.seconds)),
  };
}

/**
 * What a call and the profiler cost, on tiny models; the least disturbed of several measurements.
 * - `call_s` and `port_s`: a call outside of the run, and what each input with an output adds. Not
 *   from both clocks, as for large results: the profiler's events crowd the caches, and the time
 *   outside of a run of many nodes would be too long by a third of a microsecond for each.
 * - `node_s`: the profiler for each node of a long chain; `event_s`: of it inside the node's event.
 */
class Costs {
  constructor(settings, prefix) {
    this.settings = settings;
    this.prefix = prefix;
    this.tiny = { one: [1, 1], nine: [1, 9], ports: [5, 1], long: [1, 300] };  // chains, nodes
    this.best = {};
  }

  measure() {
    for (const [name, shape] of Object.entries(this.tiny)) {
      const now = time_tiny(shape, this.settings, this.prefix);
      const best = this.best[name] ?? now;
      this.best[name] = Object.fromEntries(Object.keys(now).map((key) => [key, Math.min(now[key], best[key])]));
    }
  }

  values() {
    const { one, nine, ports, long } = this.best;
    const event_cost_s = (a) => a.profiled_s - a.plain_s;
    const tiny_node_s = Math.max(0, (nine.plain_s - one.plain_s) / 8);
    // Two events are recorded inside the profiled run of one node: the node and its graph.
    const recorded_s = (2 * Math.max(0, event_cost_s(nine) - event_cost_s(one))) / 8;
    const run_s = Math.min(Math.max(one.run_s - recorded_s, tiny_node_s), one.plain_s);
    const port_s = Math.max(0, (ports.plain_s - one.plain_s) / 4 - tiny_node_s);
    const call_s = Math.max(0, one.plain_s - run_s - port_s);
    const whole_s = long.plain_s - call_s - port_s;
    const nodes = this.tiny.long[1];
    return {
      call_s,
      port_s,
      node_s: Math.max(0, (long.run_s - whole_s) / nodes),
      event_s: Math.max(0, (long.events_s - whole_s) / nodes),
    };
  }
}

module.exports = { Costs, call_overhead_s, correct_nodes, node_rows, split_runs };
