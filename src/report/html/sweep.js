"use strict";
// The page of a sweep (docs/json.md): how figures change with one size, for each series.

const asItemRate = (value) => (value === null ? "–" : `${asRatio(value)} items/s`);
/** Throughput counts runs unless the swept size counts the items of a run. */
const rateFormat = ({ axis }) => (axis.counts_items ? asItemRate : asRate);

/** Charts: one line a series, and a dashed one for what it is held against. */
const quantities = (data) => [
  { title: "Predicted latency", field: "predicted_latency_s", against: "roofline_latency_s",
    note: "Dashed: roofline latency, the lower bound.", format: asSeconds },
  { title: "Throughput", field: "throughput_per_s", format: rateFormat(data),
    note: "From the predicted latency." },
  { title: "Peak memory", field: "peak_memory_bytes", against: "memory_capacity_bytes",
    note: "Dashed: capacity of the machine.", format: asBytes },
  { title: "Arithmetic intensity", field: "intensity", against: "ridge_point",
    note: "Dashed: ridge point; above it the model is compute-bound.", format: asIntensity },
  { title: "DRAM traffic", field: "dram_bytes", format: asBytes, note: "Bytes that reach main memory." },
];

/** "v100 fp16 tensorrt": what all series have in common is left out where there are several. */
function labelSeries(series) {
  const facts = ({ hardware, precision, runtime, dims }) =>
    [hardware, precision, runtime, ...Object.entries(dims).map(([name, size]) => `${name}=${size}`)];
  const all = series.map(facts);
  const differs = all[0].map((_, i) => all.some((other) => other[i] !== all[0][i]));
  all.forEach((own, index) => {
    series[index].label = own.filter((_, i) => i === 0 || differs[i]).join(" ");
  });
}

class SweepChart {
  constructor(quantity, { series, axis }, hidden) {
    Object.assign(this, { quantity, series, name: axis.name, hidden });
    this.canvas = h("canvas");
    this.element = section(quantity.title, figure("sweep", this.canvas,
      { name: `${quantity.title} over ${axis.name}`, caption: quantity.note, more: this.ends() }));
  }

  /** What the lines say, in words: where each begins and ends. */
  ends() {
    const { field, format } = this.quantity;
    return this.series.filter(({ points }) => points.length).map(({ label, points }) => {
      const [first, last] = [points[0], points.at(-1)];
      return `${label}: ${format(first[field])} at ${first.value}, ${format(last[field])} at ${last.value}.`;
    }).join(" ");
  }

  lines(field, dashed) {
    return this.series.map(({ label, points }, index) => ({
      label, hidden: this.hidden.has(index), isSeries: !dashed,
      data: points.map((point) => ({ x: point.value, y: point[field], point }))
        .filter(({ y }) => y !== null),
      borderColor: color(seriesColor(index)), backgroundColor: color(seriesColor(index)),
      borderWidth: dashed ? 1 : 2, borderDash: dashed ? [5, 4] : [],
      pointStyle: SHAPES[index % SHAPES.length], pointRadius: dashed ? 0 : 3.5,
      pointHitRadius: dashed ? 0 : 8 }));
  }

  config() {
    const { field, against, title, format } = this.quantity;
    const xs = this.series.flatMap(({ points }) => points.map((point) => point.value));
    const wide = Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) >= 16;
    const x = wide ? logAxis(this.name, asText) : axis(this.name, asText, { type: "linear" });
    const datasets = [...this.lines(field, false), ...(against ? this.lines(against, true) : [])];
    return { type: "line", data: { datasets }, options: {
      scales: { x, y: logAxis(title, format) },
      interaction: { mode: "nearest", intersect: false },
      plugins: { tooltip: tooltip({
        title: ([{ raw, dataset }]) => `${shortened(dataset.label, 50)}, ${this.name} ${raw.x}`,
        label: ({ raw: { y, point } }) => [format(y),
          `${point.bound}-bound, bottleneck ${point.bottleneck}`] }) } } };
  }

  draw() {
    this.chart = drawChart(this.canvas, () => this.config());
  }

  repaint() {
    repaintChart({ chart: this.chart, build: () => this.config() });
  }
}

function seriesLegend(series, hidden, charts) {
  const entry = ({ label }, index) => {
    const glyph = h("span", { className: "mark", "aria-hidden": "true" }, GLYPHS[index % GLYPHS.length]);
    glyph.style.color = `var(--${seriesColor(index)})`;
    const toggle = h("input", { type: "checkbox", checked: true, onchange: () => {
      if (toggle.checked) hidden.delete(index);
      else hidden.add(index);
      for (const chart of charts) chart.repaint();
    } });
    return h("label", {}, toggle, glyph, ` ${label}`);
  };
  return h("fieldset", { className: "legend" }, h("legend", { className: "hidden" }, "Series shown"),
    series.map(entry));
}

function answersTable(data) {
  const { series, axis: { name }, max_latency_s: limit } = data;
  const field = (title, key) => numberColumn(title, (s) => s[key], asText);
  const best = (key) => (s) => s.points.find((point) => point.value === s.best)?.[key] ?? null;
  const within = limit === null ? "" : ` within ${asSeconds(limit)}`;
  return new DataTable({ caption: "Answers", noun: "series", rows: series, columns: [
    textColumn("Series", (s) => s.label, { head: true }),
    field(`Largest ${name} that fits`, "largest_that_fits"),
    field(`Best ${name}${within}`, "best"),
    numberColumn("Its throughput", best("throughput_per_s"), rateFormat(data)),
    numberColumn("Its latency", best("predicted_latency_s"), asSeconds),
    textColumn("Precision", (s) => s.precision),
    textColumn("Runtime", (s) => s.runtime),
    textColumn("Roof", roofText),
    textColumn("Calibration", (s) => s.calibration_status)] });
}

function crossingsTable(series) {
  const rows = series.flatMap(({ label, crossings }) => crossings.map((c) => ({ label, ...c })));
  return new DataTable({ caption: "Crossings", noun: "crossing", rows, columns: [
    textColumn("Series", (c) => c.label),
    textColumn("Layer", (c) => c.layer ?? "The model as a whole", { head: true }),
    numberColumn("At", (c) => c.value, asText),
    textColumn("From", (c) => c.from, { color: (c) => bottleneckColor(c.from) }),
    textColumn("To", (c) => c.to, { color: (c) => bottleneckColor(c.to) })] });
}

function pointsTable(data) {
  const { series, axis: { name } } = data;
  const rows = series.flatMap(({ label, points }) => points.map((point) => ({ label, ...point })));
  const field = (title, key, as) => numberColumn(title, (p) => p[key], as);
  return new DataTable({ caption: "Points", noun: "point", rows, columns: [
    textColumn("Series", (p) => p.label, { head: true }),
    field(name, "value", asText),
    field("Predicted", "predicted_latency_s", asSeconds),
    field("Throughput", "throughput_per_s", rateFormat(data)),
    field("Roofline", "roofline_latency_s", asSeconds),
    numberColumn("Attained", (p) => part(p.roofline_latency_s, p.predicted_latency_s), asPercent),
    field("Intensity", "intensity", asIntensity),
    field("Ridge", "ridge_point", asIntensity),
    field("DRAM", "dram_bytes", asBytes),
    field("Peak memory", "peak_memory_bytes", asBytes),
    textColumn("Fits", (p) => ({ true: "yes", false: "no" })[p.fits_in_memory]),
    textColumn("Bound", (p) => p.bound),
    textColumn("Bottleneck", (p) => p.bottleneck, { color: (p) => bottleneckColor(p.bottleneck) })] });
}

function showSweep(data) {
  const hidden = new Set();
  labelSeries(data.series);
  const has = ({ field }) => data.series.some(({ points }) =>
    points.some((point) => (point[field] ?? null) !== null));
  const charts = quantities(data).filter(has).map((quantity) => new SweepChart(quantity, data, hidden));
  const parts = [
    pageHeader(`${fileName(data.model.path)} over ${data.axis.name}`,
      seriesLegend(data.series, hidden, charts)),
    section("Answers", answersTable(data).element),
    h("div", { className: "pair" }, charts.map((chart) => chart.element)),
    section("Points", pointsTable(data).element)];
  if (data.series.some(({ crossings }) => crossings.length)) {
    parts.push(section("Crossings", crossingsTable(data.series).element));
  }
  if (data.diagnostics.length) {
    parts.push(section("Notes, warnings and errors", diagnosticsTable(data.diagnostics).element));
  }
  document.body.append(h("main", {}, parts));
  for (const chart of charts) chart.draw();
}

showSweep(pageData());
