"use strict";
// What charts share: colours of the theme, axes, and drawing again when the theme changes.

/** Charts of the page with what builds their data and options in the colours of the moment. */
const drawings = [];

function drawChart(canvas, build) {
  const chart = new Chart(canvas, build());
  drawings.push({ chart, build });
  return chart;
}

function repaintChart({ chart, build }) {
  const { data, options } = build();
  chart.data = data;
  chart.options = options;
  chart.update("none");
}

function repaintCharts() {
  drawings.forEach(repaintChart);
}

function clearCharts() {
  for (const { chart } of drawings.splice(0)) chart.destroy();
}

Chart.defaults.animation = false;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.font.family = "system-ui, sans-serif";
Chart.defaults.font.size = 12;
Chart.defaults.plugins.legend.display = false;

const SERIES_COLORS = 10;
const SHAPES = ["circle", "triangle", "rect", "rectRot"];
const GLYPHS = ["●", "▲", "■", "◆"];
const seriesColor = (index) => `series${index % SERIES_COLORS}`;
const BOTTLENECK_COLORS = { compute: "series0", memory: "series1", overhead: "series3" };
const bottleneckColor = (name) => BOTTLENECK_COLORS[name] ?? "series9";

function axis(title, format, more = {}) {
  return { title: { display: true, text: title, color: color("muted") },
    grid: { color: color("grid"), borderColor: color("line") },
    ticks: { color: color("muted"), callback: asTick(format), maxRotation: 0,
      autoSkipPadding: 12 }, ...more };
}

/** Decades are labelled, and where few of them are seen also 2 and 5. */
function logAxis(title, format, more = {}) {
  const scale = axis(title, format, { type: "logarithmic", ...more });
  const mantissa = (value) => value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  const isNear = (value, most) => Math.abs(mantissa(value) - most) < 1e-6;
  const isDecade = (value) => isNear(value, 1);
  scale.grid.color = (line) => (isDecade(line.tick.value) ? color("grid") : "transparent");
  scale.ticks.autoSkip = false;
  scale.ticks.callback = function label(value) {
    const few = Math.log10(this.max / this.min) < 2.5;
    return isDecade(value) || (few && (isNear(value, 2) || isNear(value, 5))) ? asTick(format)(value) : null;
  };
  return scale;
}

function tooltip(callbacks) {
  return { backgroundColor: color("ink"), titleColor: color("paper"), bodyColor: color("paper"),
    displayColors: false, padding: 10, callbacks };
}

/** A canvas with a caption and, for those who cannot see it, its name and what else it says. */
function figure(className, canvas, { name, caption, more = "" }) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}. ${caption} ${more}`);
  return h("figure", {}, h("div", { className: `canvas ${className}` }, canvas),
    h("figcaption", {}, caption));
}
