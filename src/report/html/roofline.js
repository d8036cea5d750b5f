"use strict";
// The roofline chart: layers as dots under the roofs of their machine.

/** More dots would take longer to draw than a hover lasts; the layers that take most time stay. */
const MOST_DOTS = 2000;
const COLORINGS = {
  bottleneck: { title: "bottleneck", of: (layer) => layer.bottleneck },
  class: { title: "class", of: (layer) => layer.class },
};
const INTENSITIES = [["intensity", "planned traffic"], ["dram_intensity", "DRAM traffic"]];

const attained = (layer) => part(layer.flops, layer.predicted_latency_s);
const radius = (share) => Math.min(24, 3 + 40 * Math.sqrt(share));

class RooflineChart {
  /** onPick(index): a dot was pressed. describe(layer) -> lines of its tooltip. */
  constructor(result, { onPick, describe }) {
    Object.assign(this, { result, onPick, describe, coloring: "bottleneck", xField: "intensity" });
    this.hidden = new Set();
    this.canvas = h("canvas");
    this.legend = h("fieldset", { className: "legend" });
    this.peaks = this.findPeaks();
    this.levels = result.totals.levels.filter((level) => level.bytes_per_s > 0);
    const options = h("div", { className: "bar" },
      choice("Colour by", Object.values(COLORINGS).map((c) => c.title), 0,
        (index) => this.change({ coloring: Object.keys(COLORINGS)[index] })).element,
      choice("Intensity over", INTENSITIES.map(([, title]) => title), 0,
        (index) => this.change({ xField: INTENSITIES[index][0] })).element);
    const frame = figure("roofline", this.canvas,
      { name: `Roofline of ${result.hardware.name}`, caption: this.description() });
    this.element = h("div", {}, options, frame, this.legend);
  }

  /** After the element is in the document, whose size the chart takes. */
  draw() {
    this.renderLegend();
    this.chart = drawChart(this.canvas, () => this.config());
  }

  change(choices) {
    if (choices.coloring) this.hidden.clear();
    Object.assign(this, choices);
    this.renderLegend();
    this.repaint();
  }

  repaint() {
    repaintChart({ chart: this.chart, build: () => this.config() });
  }

  /** One roof for each unit and precision that some layer computes in, highest first. */
  findPeaks() {
    const peaks = new Map();
    for (const layer of this.result.layers) {
      if (!layer.peak_flops_per_s || !layer.flops) continue;
      peaks.set(`${layer.unit} ${layer.dtype}`, layer.peak_flops_per_s);
    }
    return [...peaks].map(([name, rate]) => ({ name, rate })).sort((a, b) => b.rate - a.rate);
  }

  dots() {
    const dots = this.result.layers.map((layer, row) =>
      ({ x: layer[this.xField], y: attained(layer), row, layer }));
    const drawn = dots.filter((dot) => dot.x > 0 && dot.y > 0);
    // Large ones first, so that small ones lie on top of them.
    return drawn.sort((a, b) => b.layer.share - a.layer.share).slice(0, MOST_DOTS);
  }

  groups() {
    const { of } = COLORINGS[this.coloring];
    const groups = new Map();
    for (const dot of this.dots()) {
      const name = of(dot.layer);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(dot);
    }
    return [...groups].map(([name, dots], index) => {
      const place = this.coloring === "bottleneck"
        ? Math.max(0, Object.keys(BOTTLENECK_COLORS).indexOf(name)) : index;
      return { name, dots, shape: place % SHAPES.length,
        color: this.coloring === "bottleneck" ? bottleneckColor(name) : seriesColor(index),
        share: sum(dots.map((dot) => dot.layer.share)) };
    }).sort((a, b) => b.share - a.share);
  }

  renderLegend() {
    const entry = (group) => {
      const glyph = h("span", { className: "mark", "aria-hidden": "true" }, GLYPHS[group.shape]);
      glyph.style.color = `var(--${group.color})`;
      const toggle = h("input", { type: "checkbox", checked: !this.hidden.has(group.name),
        onchange: () => {
          if (toggle.checked) this.hidden.delete(group.name);
          else this.hidden.add(group.name);
          this.repaint();
        } });
      return h("label", {}, toggle, glyph, ` ${group.name} `, h("span", { className: "muted" },
        `${plural(group.dots.length, "layer")}, ${asPercent(group.share)} of time`));
    };
    this.legend.replaceChildren(h("legend", { className: "hidden" }, "Layers shown"),
      ...this.groups().map(entry));
  }

  description() {
    const dots = this.dots();
    const { layers, hardware } = this.result;
    const share = asPercent(sum(dots.map((dot) => dot.layer.share)));
    const memory = this.levels.at(-1);
    const ridge = (rate) => (memory ? ` (ridge ${asIntensity(rate / memory.bytes_per_s)})` : "");
    const roofs = [
      ...this.peaks.map(({ name, rate }) => `${name} ${asFlopsPerSecond(rate)}${ridge(rate)}`),
      ...this.levels.map((level) => `${level.name} ${asBytesPerSecond(level.bytes_per_s)}`)];
    return `${dots.length.toLocaleString("en")} of ${plural(layers.length, "layer")} of ` +
      `${hardware.id}, ${share} of the time; the others compute nothing` +
      `${dots.length === MOST_DOTS ? " or take less time than these" : ""}. Area grows with time. ` +
      `Height is the predicted rate. Roofs: ${roofs.join(", ")}. A dot's row is in the table below.`;
  }

  ranges(dots) {
    const memory = this.levels.at(-1);
    const ridges = memory ? this.peaks.map((peak) => peak.rate / memory.bytes_per_s) : [];
    const xs = [...dots.map((dot) => dot.x), ...ridges];
    const ys = [...dots.map((dot) => dot.y), ...this.peaks.map((peak) => peak.rate)];
    const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = (values) => values.reduce((a, b) => Math.max(a, b), 0);
    return { xMin: least(xs) / 3, xMax: most(xs) * 5, yMin: least(ys) / 3, yMax: most(ys) * 3 };
  }

  /** Lines from one point to another, each with the words along it. */
  roofs({ xMin, xMax, yMin }) {
    const highest = this.peaks[0].rate;
    const fastest = this.levels.reduce((most, level) => Math.max(most, level.bytes_per_s), 0);
    const memory = this.levels.map(({ name, bytes_per_s: rate }) => {
      const start = Math.max(xMin, yMin / rate);
      return { text: `${name} ${asBytesPerSecond(rate)}`, sloped: true,
        points: [{ x: start, y: start * rate }, { x: highest / rate, y: highest }] };
    });
    const compute = this.peaks.map(({ name, rate }) => ({
      text: `${name} ${asFlopsPerSecond(rate)}`, sloped: false,
      points: [{ x: fastest ? rate / fastest : xMin, y: rate }, { x: xMax, y: rate }] }));
    return [...memory, ...compute];
  }

  ridges() {
    const memory = this.levels.at(-1);
    if (!memory) return [];
    return this.peaks.map(({ name, rate }) => ({ x: rate / memory.bytes_per_s, y: rate,
      text: `Ridge of ${memory.name} and ${name}: ${asIntensity(rate / memory.bytes_per_s)}` }));
  }

  datasets() {
    const layers = this.groups().map((group) => ({
      label: group.name, isLayers: true, data: group.dots, hidden: this.hidden.has(group.name),
      pointStyle: SHAPES[group.shape], pointRadius: group.dots.map((dot) => radius(dot.layer.share)),
      backgroundColor: `${color(group.color)}a6`, borderColor: color("paper"), borderWidth: 1,
      pointHoverBorderColor: color("ink"), pointHoverBorderWidth: 2, hoverRadius: 0 }));
    const ridges = { label: "ridge points", data: this.ridges(), pointStyle: "rectRot",
      pointRadius: 5, backgroundColor: color("paper"), borderColor: color("ink"), borderWidth: 1.5 };
    const { totals } = this.result;
    const whole = { label: "whole model", pointStyle: "crossRot", pointRadius: 8,
      borderColor: color("ink"), borderWidth: 2,
      data: [{ x: totals[this.xField], y: attained(totals), text: "The model as a whole: " +
        `${asFlopsPerSecond(attained(totals))} at ${asIntensity(totals[this.xField])}` }] };
    const lines = this.lines.map((roof) => ({ label: roof.text, data: roof.points, showLine: true,
      pointRadius: 0, pointHitRadius: 0, borderColor: color("ink"), borderWidth: 1.25 }));
    return [...[whole, ridges].filter(({ data: [first] }) => first && first.x > 0), ...layers, ...lines];
  }

  config() {
    const ranges = this.ranges(this.dots());
    this.lines = this.peaks.length ? this.roofs(ranges) : [];
    const x = INTENSITIES.find(([field]) => field === this.xField)[1];
    const tips = tooltip({
      title: ([item]) => shortened(item.raw.layer ? item.raw.layer.name : item.dataset.label, 60),
      label: ({ raw }) => (raw.layer ? this.describe(raw.layer) : raw.text) });
    const options = {
      scales: {
        x: logAxis(`Arithmetic intensity over ${x} (FLOP/B)`, asRatio,
          { min: ranges.xMin, max: ranges.xMax }),
        y: logAxis("Predicted FLOP/s", asFlopsPerSecond, { min: ranges.yMin, max: ranges.yMax }) },
      interaction: { mode: "nearest", intersect: true },
      plugins: { tooltip: { ...tips, filter: (item, index) => index === 0 } },
      onClick: (_, items) => {
        const found = items.map(({ datasetIndex, index }) =>
          this.chart.data.datasets[datasetIndex].data[index]).find((point) => point.layer);
        if (found) this.onPick(found.row);
      } };
    const labels = { id: "roofLabels", afterDatasetsDraw: (chart) => drawLabels(chart, this.lines) };
    return { type: "scatter", data: { datasets: this.datasets() }, options,
      plugins: [labels] };
  }
}

/** Words along the roofs: at the lower end of a slope, at the right end of a level. */
function drawLabels(chart, roofs) {
  const { ctx, scales: { x, y } } = chart;
  const { left, right } = chart.chartArea;
  ctx.save();
  ctx.font = "12px system-ui, sans-serif";
  ctx.fillStyle = color("ink");
  for (const { text, sloped, points } of roofs) {
    const [from, to] = points.map((point) =>
      [x.getPixelForValue(point.x), y.getPixelForValue(point.y)]);
    ctx.save();
    if (sloped) {
      ctx.translate(Math.max(from[0], left), from[1]);
      ctx.rotate(Math.atan2(to[1] - from[1], to[0] - from[0]));
      ctx.textAlign = "left";
      ctx.fillText(text, 12, -5);
    } else {
      ctx.textAlign = "right";
      ctx.fillText(text, right - 6, from[1] - 5);
    }
    ctx.restore();
  }
  ctx.restore();
}
