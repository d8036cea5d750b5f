"use strict";
// What stands around the charts: figures, assumptions, comparison of results.

const dtypesOf = (result) =>
  [...new Set(result.layers.filter((l) => l.dtype && l.flops > 0).map((l) => l.dtype))].sort();

function precisionText(result) {
  const used = dtypesOf(result);
  if (used.length === 0 || (used.length === 1 && used[0] === result.precision)) return result.precision;
  return `${result.precision} (${used.join(", ")})`;
}

function calibrationText({ hardware: { calibration: c }, totals }) {
  if (c.status === "uncalibrated") return "uncalibrated: efficiency 1, overheads as in the profile";
  let text = `${c.runtime} ${c.version}, ${c.date}`;
  if (c.error !== null) text += `, error ${asPercent(c.error)}`;
  if (c.status !== "calibrated") text += " on machines of this kind";
  if (c.status === "unvalidated") text += "; unvalidated on this one";
  if (totals.untimed_share >= 0.01)
    text += `; ${asPercent(totals.untimed_share)} of the time in kernels it lacks`;
  return text;
}

function shapeText({ kind, max_shape: most, shape }) {
  if (kind) return kind;
  return most ? `<= ${asShape(most)}` : asShape(shape);
}

const tensorsText = (tensors) =>
  tensors.map((tensor) => `${tensor.name} ${shapeText(tensor)} ${tensor.dtype}`).join(", ");
const dimsText = (model) =>
  Object.entries(model.dims).map(([name, size]) => `${name}=${size}`).join(", ");

function card(label, value, details, tone = "") {
  const lines = details.filter(Boolean).map((detail) => h("div", { className: "muted" }, detail));
  return h("div", { className: `card ${tone}` }, h("dt", {}, label),
    h("dd", {}, h("strong", {}, value), lines));
}

const cards = (list) => h("dl", { className: "cards" }, list);

function workCard(report, macs, flops, complete) {
  const { totals } = report;
  return card("Work", atLeast(`${asCount(macs)} MACs`, complete), [atLeast(asFlops(flops), complete),
    totals.transcendentals > 0.01 * totals.flops && `${asCount(totals.transcendentals)} transcendentals`]);
}

const parametersCard = ({ model }) =>
  card("Parameters", asCount(model.parameters), [`${asBytes(model.weight_bytes)} of weights`]);

/** The figures of the model on one machine. */
function resultCards(report, result) {
  const t = result.totals;
  const least = (text) => atLeast(text, t.complete);
  const share = ([name, seconds]) => `${name} ${asPercent(part(seconds, t.predicted_latency_s))}`;
  const parts = Object.entries(t.time_by_bottleneck_s).sort((a, b) => b[1] - a[1]);
  const tooBig = t.fits_in_memory === false;
  const { status } = result.hardware.calibration;
  return cards([
    card("Predicted latency", least(asSeconds(t.predicted_latency_s)),
      [t.throughput_per_s !== null && asRate(t.throughput_per_s)]),
    card("Roofline latency", least(asSeconds(t.roofline_latency_s)),
      [`lower bound; ${asPercent(part(t.roofline_latency_s, t.predicted_latency_s))} attained`]),
    card("Bottleneck", t.bottleneck, [parts.map(share).join(", ")]),
    card("Intensity", asIntensity(t.intensity), [
      result.ridge_point !== null && `ridge ${asIntensity(result.ridge_point)}: ${t.bound}-bound as a whole`,
      `${asIntensity(t.dram_intensity)} over DRAM traffic`]),
    workCard(report, t.macs, t.flops, t.complete),
    card("Traffic", least(`${asBytes(t.dram_bytes)} DRAM`), [`${asBytes(t.planned_bytes)} planned`,
      `${asBytes(report.totals.traffic_bytes)} algorithmic`]),
    parametersCard(report),
    card("Peak memory", least(asBytes(t.peak_memory_bytes)), [t.memory_capacity_bytes !== null &&
      `${tooBig ? "does not fit in" : "of"} ${asBytes(t.memory_capacity_bytes)}`],
    tooBig ? "bad" : ""),
    card("Calibration", status, [status !== "uncalibrated" && calibrationText(result),
      status === "uncalibrated" && "efficiency 1: real runs are slower"],
    ["uncalibrated", "unvalidated"].includes(status) ? "caution" : ""),
  ]);
}

/** The figures of a model on any machine. */
function modelCards(report) {
  const t = report.totals;
  const least = (text) => atLeast(text, t.complete);
  return cards([
    workCard(report, t.macs, t.flops, t.complete),
    card("Intensity", asIntensity(t.intensity), [!t.complete && "of the known part"]),
    card("Traffic", least(asBytes(t.traffic_bytes)), [`${asBytes(t.weight_read_bytes)} weights`,
      `${asBytes(t.activation_read_bytes + t.written_bytes)} activations`]),
    parametersCard(report),
    card("Peak memory", least(asBytes(t.peak_memory_bytes)),
      [`${asBytes(t.peak_activation_bytes)} of activations`]),
  ]);
}

function coverageText({ coverage: c }) {
  const parts = [`${plural(c.exact, "node")} exact`];
  if (c.approximate) parts.push(`${c.approximate} approximate`);
  if (c.unknown) parts.push(`${c.unknown} unknown (${c.unknown_ops.join(", ")})`);
  return parts.join(", ");
}

/** A sentence for reports whose figures are lower bounds, else null. */
function warning(report, result) {
  const complete = report.totals.complete && (!result || result.totals.complete);
  if (complete) return null;
  const { unknown } = report.coverage;
  const reason = unknown ? `the cost of ${plural(unknown, "node")} is unknown` : "some sizes are unknown";
  return h("p", { className: "warning", role: "note" },
    `Incomplete: ${reason}. Figures marked ≥ are at least so large.`);
}

function assumptions(report, result) {
  const { model } = report;
  const machine = !result ? [] : [
    ["Machine", `${result.hardware.name} (${result.hardware.id})`],
    ["Calibration", calibrationText(result)],
    ["Runtime", result.runtime],
    ["Precision", precisionText(result)],
    ["Threads", result.threads === null ? "all cores" : String(result.threads)],
    ["Roof", roofText(result)],
    ["Overhead of a run", asSeconds(result.totals.run_overhead_s)],
    ["Copies over the host link", result.totals.copy_s > 0 ? asSeconds(result.totals.copy_s) : "not counted"],
  ];
  return definitions([...machine,
    ["Sizes", dimsText(model) || "fixed by the model"],
    ["Inputs", tensorsText(model.inputs)],
    ["Outputs", tensorsText(model.outputs)],
    ["Coverage", coverageText(report)],
    ["Model", [model.path, model.producer, `IR ${model.ir_version}`,
      ...Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`)]
      .filter(Boolean).join(", ")],
    ["Costs' digest", model.skeleton_sha256],
    ["Written by", `${report.tool.name} ${report.tool.version}`]]);
}

/** Every model on every machine. entries: { report, result, model, machine }, the last two indices. */
function comparisonTable(entries, onShow) {
  const first = (keep) => entries.find(keep).result.totals.predicted_latency_s;
  const several = (index) => entries.some((entry) => entry[index] > 0);
  const time = (entry) => entry.result.totals.predicted_latency_s;
  const total = (field) => (entry) => entry.result.totals[field];
  const speedUps = [
    several("machine") && numberColumn("Vs first machine", (entry) =>
      part(first((e) => e.model === entry.model), time(entry)), asFactor),
    several("model") && numberColumn("Vs first model", (entry) =>
      part(first((e) => e.machine === entry.machine), time(entry)), asFactor)].filter(Boolean);
  return new DataTable({ caption: "Comparison", noun: "result", rows: entries, onShow, current: 0,
    columns: [
      textColumn("Machine", (e) => e.result.hardware.id, { head: true }),
      ...(several("model") ? [textColumn("Model", (e) => fileName(e.report.model.path))] : []),
      textColumn("Runtime", (e) => e.result.runtime),
      textColumn("Precision", (e) => precisionText(e.result)),
      numberColumn("Predicted", time, asSeconds),
      ...speedUps,
      numberColumn("Throughput", total("throughput_per_s"), asRate),
      numberColumn("Roofline", total("roofline_latency_s"), asSeconds),
      numberColumn("Attained", (e) => part(e.result.totals.roofline_latency_s, time(e)), asPercent),
      textColumn("Bottleneck", total("bottleneck"), { color: (e) => bottleneckColor(e.result.totals.bottleneck) }),
      numberColumn("Intensity", total("intensity"), asIntensity),
      numberColumn("Ridge", (e) => e.result.ridge_point, asIntensity),
      numberColumn("DRAM", total("dram_bytes"), asBytes),
      numberColumn("Peak memory", total("peak_memory_bytes"), asBytes),
      textColumn("Fits", (e) => ({ true: "yes", false: "no" })[e.result.totals.fits_in_memory]),
      textColumn("Calibration", (e) => e.result.hardware.calibration.status)] });
}
