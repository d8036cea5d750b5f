"use strict";
// The page of one or several reports: which result is shown, and in which order.

/** Columns with their meaning. */
const column = (title, hint, of, more = {}) => textColumn(title, of, { hint, ...more });
const figureColumn = (title, hint, of, as, more = {}) =>
  numberColumn(title, of, as, { hint, ...more });

function nodeColumns() {
  const field = (title, hint, name, as, more) => figureColumn(title, hint, (n) => n[name], as, more);
  return [
    figureColumn("#", "Place in execution order", (n) => n.order, asText),
    column("Name", "Name of the node", (n) => n.name, { head: true }),
    column("Op", "Operator", opText),
    column("Output", "Shape of the first result", outputText),
    column("Class", "Class of the operator", (n) => n.class),
    column("Type", "Type of the first result", (n) => n.outputs[0]?.dtype),
    field("MACs", "Multiply-accumulates", "macs", asCount, { sum: true }),
    field("FLOPs", "1 MAC is 2 FLOPs", "flops", asFlops, { sum: true }),
    field("Traffic", "Algorithmic bytes", "traffic_bytes", asBytes, { sum: true }),
    field("Intensity", "FLOPs over algorithmic bytes", "intensity", asIntensity),
    field("Parameters", "Elements of its parameters", "parameters", asCount),
    field("Live", "Activations in use while it runs", "live_bytes", asBytes),
    field("Runs", "Times it runs in one run of the model", "repeat", asCount),
    column("Confidence", "exact, approximate or unknown", (n) => n.confidence)];
}

function layerColumns(layers) {
  const field = (title, hint, name, as, more) => figureColumn(title, hint, (l) => l[name], as, more);
  const largest = layers.reduce((most, layer) => Math.max(most, layer.share), 0);
  const share = { share: (layer) => part(layer.share, largest) };
  const colored = { color: (layer) => bottleneckColor(layer.bottleneck) };
  return [
    figureColumn("#", "Place in execution order", (l) => l.order, asText),
    column("Name", "Nodes of the layer", (l) => l.name, { head: true }),
    column("Op", "Operator of its first node", (l) => (l.nodes.length ? opText(l.nodes[0]) : l.op)),
    column("Output", "Shape of its last node's result", layerOutput),
    field("Time", "Predicted latency", "predicted_latency_s", asSeconds, { sum: true }),
    field("Share", "Of the predicted latency of the model", "share", asPercent, { sum: true, ...share }),
    column("Bottleneck", "Largest term of the predicted time", (l) => l.bottleneck, colored),
    column("Bound", "By the roofs alone", (l) => l.bound),
    figureColumn("FLOP/s", "Predicted rate", attained, asFlopsPerSecond),
    field("Intensity", "FLOPs over planned bytes", "intensity", asIntensity),
    field("Roofline", "Lower bound of the time", "roofline_latency_s", asSeconds, { sum: true }),
    figureColumn("Attained", "Roofline over predicted latency",
      (l) => part(l.roofline_latency_s, l.predicted_latency_s), asPercent),
    field("MACs", "Multiply-accumulates", "macs", asCount, { sum: true }),
    field("FLOPs", "1 MAC is 2 FLOPs", "flops", asFlops, { sum: true }),
    field("Planned", "Bytes after fusion, caches ignored", "planned_bytes", asBytes, { sum: true }),
    field("DRAM", "Bytes that reach main memory", "dram_bytes", asBytes, { sum: true }),
    column("Unit, type", "Compute unit and precision", (l) => (l.unit ? `${l.unit} ${l.dtype}` : null)),
    column("Class", "Class of the operator", (l) => l.class),
    figureColumn("Parameters", "Elements of its nodes' parameters",
      (l) => sum(l.nodes.map((node) => node.parameters)), asCount),
    field("Runs", "Times it runs in one run of the model", "repeat", asCount),
    column("Plan", "Why it runs so", (l) => l.reasons.join("; "))];
}

const opText = (node) => (node.detail ? `${node.op_type} ${node.detail}` : node.op_type);
const outputText = (node) => (node.outputs.length ? shapeText(node.outputs[0]) : null);

function layerOutput(layer) {
  if (layer.nodes.length) return outputText(layer.nodes.at(-1));
  return layer.executed_shapes.length ? asShape(layer.executed_shapes[0]) : null;
}

/** Tooltip lines of a dot. */
function layerLines(layer) {
  return [
    [layer.op, layerOutput(layer), layer.unit, layer.dtype].filter(Boolean).join("  "),
    `${asSeconds(layer.predicted_latency_s)}, ${asPercent(layer.share)} of the time`,
    `${asFlopsPerSecond(attained(layer))}, ` +
      `${asPercent(part(attained(layer), layer.attainable_flops_per_s))} of the roof`,
    `${asIntensity(layer.intensity)} planned, ${asIntensity(layer.dram_intensity)} DRAM`,
    `${layer.bound}-bound, bottleneck ${layer.bottleneck}`];
}

function byClass(rows, value) {
  const sums = new Map();
  for (const row of rows) sums.set(row.class, (sums.get(row.class) ?? 0) + (value(row) ?? 0));
  return [...sums].map(([name, total]) => ({ name, value: total, color: "accent" }))
    .filter((row) => row.value > 0).sort((a, b) => b.value - a.value);
}

function timeBars({ totals, layers }) {
  const whole = totals.predicted_latency_s;
  const bottlenecks = Object.entries(totals.time_by_bottleneck_s)
    .map(([name, value]) => ({ name, value, color: bottleneckColor(name) }))
    .sort((a, b) => b.value - a.value);
  const classes = byClass(layers, (layer) => layer.predicted_latency_s);
  if (totals.run_overhead_s > 0) {
    classes.push({ name: "run overhead", value: totals.run_overhead_s, color: "series3" });
  }
  return [section("Time by bottleneck", barTable("Time by bottleneck", bottlenecks, asSeconds, whole)),
    section("Time by class", barTable("Time by class", classes, asSeconds, whole))];
}

function countBars({ nodes, totals }) {
  const bars = (title, field, format) => section(title,
    barTable(title, byClass(nodes, (node) => node[field]), format, totals[field]));
  return [bars("FLOPs by class", "flops", asFlops), bars("Traffic by class", "traffic_bytes", asBytes)];
}

/** Activations in use over execution order. */
class MemoryChart {
  constructor({ nodes, totals }) {
    this.nodes = nodes;
    this.canvas = h("canvas");
    const most = nodes.reduce((peak, node) =>
      ((node.live_bytes ?? 0) > (peak?.live_bytes ?? 0) ? node : peak), null);
    const weights = totals.peak_memory_bytes - totals.peak_activation_bytes;
    const peak = most ? `Peak ${asBytes(most.live_bytes)} at node ${most.order}, ` +
      `${shortened(most.name, 60)}. ` : "";
    this.element = section("Memory in use over execution order", figure("memory", this.canvas, {
      name: "Activations in use over execution order",
      caption: `${peak}Activations only; weights add ${asBytes(weights)} throughout.` }));
  }

  draw() {
    const points = this.nodes.filter((node) => node.live_bytes !== null)
      .map((node) => ({ x: node.order, y: node.live_bytes, node }));
    drawChart(this.canvas, () => ({ type: "line",
      data: { datasets: [{ data: points, stepped: "middle", fill: "origin", pointRadius: 0,
        borderWidth: 1.5, borderColor: color("accent"), backgroundColor: `${color("accent")}33` }] },
      options: { parsing: false, interaction: { mode: "nearest", axis: "x", intersect: false },
        scales: { x: axis("Node in execution order", asText, { type: "linear", min: 1,
          max: Math.max(2, this.nodes.length) }),
        y: axis("Activations in use", asBytes, { beginAtZero: true }) },
        plugins: { decimation: { enabled: true, algorithm: "min-max" }, tooltip: tooltip({
          title: ([{ raw }]) => `Node ${raw.x}${raw.node ? `: ${shortened(raw.node.name, 60)}` : ""}`,
          label: ({ raw }) => asBytes(raw.y) }) } } }));
  }
}

/** Layers refer to nodes by id; tables and charts want the nodes, and everything's place. */
function prepare(reports) {
  for (const report of reports) {
    const nodes = new Map(report.nodes.map((node) => [node.id, node]));
    report.nodes.forEach((node, index) => { node.order = index + 1; });
    for (const { layers } of report.results) {
      layers.forEach((layer, index) => {
        layer.order = index + 1;
        layer.nodes = layer.node_ids.map((id) => nodes.get(id));
      });
    }
  }
  return reports;
}

class AnalysisPage {
  constructor(reports) {
    this.reports = reports;
    this.entries = reports.flatMap((report, model) => report.results
      .map((result, machine) => ({ report, result, model, machine })));
    this.model = 0;
    this.machine = 0;
    const names = reports.map((report) => fileName(report.model.path));
    this.models = choice("Model", names, 0, (index) => this.select(index, 0));
    this.machines = h("div");
    this.heading = h("p", { className: "facts", role: "status" });
    this.content = h("div");
    if (this.entries.length > 1) {
      this.comparison = comparisonTable(this.entries, (index) =>
        this.select(this.entries[index].model, this.entries[index].machine));
    }
    this.element = h("main", {}, pageHeader(names.length === 1 ? names[0] : plural(names.length, "model"),
      h("div", { className: "bar" }, names.length > 1 ? this.models.element : null, this.machines),
      this.heading),
    this.comparison ? section("Comparison", this.comparison.element) : null, this.content);
  }

  select(model, machine) {
    this.model = model;
    this.machine = machine;
    this.models.set(model);
    this.render();
  }

  renderChoice({ results }) {
    if (results.length < 2) return this.machines.replaceChildren();
    const names = results.map((result) => result.hardware.id);
    if (this.machineChoiceOf !== this.model) {
      this.machineChoiceOf = this.model;
      this.machineChoice = choice("Machine", names, this.machine,
        (index) => this.select(this.model, index));
      this.machines.replaceChildren(this.machineChoice.element);
    }
    this.machineChoice.set(this.machine);
  }

  render() {
    clearCharts();
    const report = this.reports[this.model];
    const result = report.results[this.machine];
    this.renderChoice(report);
    this.heading.textContent = [result && result.hardware.name, result && precisionText(result),
      result && `runtime ${result.runtime}`, result && roofText(result),
      plural(report.model.nodes, "node"), tensorsText(report.model.inputs), dimsText(report.model)]
      .filter(Boolean).join(" · ");
    if (this.comparison) {
      this.comparison.current = this.entries.findIndex((e) => e.result === result);
      this.comparison.render();
    }
    const drawn = [new MemoryChart(report)];
    const table = result
      ? new DataTable({ caption: "Layers", noun: "layer", columns: layerColumns(result.layers), rows: result.layers })
      : new DataTable({ caption: "Nodes", noun: "node", columns: nodeColumns(), rows: report.nodes });
    // As the text report lists them.
    table.sort(table.columns.find(({ title }) => title === (result ? "Time" : "FLOPs")));
    let charts = h("div", { className: "pair" }, countBars(report));
    if (result) {
      const roofline = new RooflineChart(result,
        { onPick: (index) => table.show(index), describe: layerLines });
      drawn.push(roofline);
      charts = h("div", { className: "split" }, section("Roofline", roofline.element),
        h("div", {}, timeBars(result)));
    }
    const notes = report.diagnostics.length
      ? diagnosticsTable(report.diagnostics).element : h("p", { className: "muted" }, "None.");
    this.content.replaceChildren(...[warning(report, result),
      section(result ? "Summary" : "Costs on any machine",
        result ? resultCards(report, result) : modelCards(report)),
      charts, drawn[0].element, section(table.caption, table.element),
      section("Assumptions", assumptions(report, result)),
      section("Notes, warnings and errors", notes)].filter(Boolean));
    this.table = table;
    for (const chart of drawn) chart.draw();
  }
}

const page = new AnalysisPage(prepare(pageData()));
document.body.append(page.element);
page.render();
