"use strict";
// What every page shares: elements, quantities as text, choices, the theme.

/** An element; strings among its children become text, whatever is in them. */
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

// ---- quantities, as src/base/units.cpp and src/report/format.cpp write them

const LARGE = [["", 1], ["k", 1e3], ["M", 1e6], ["G", 1e9], ["T", 1e12], ["P", 1e15], ["E", 1e18]];
const TIME = [["n", 1e-9], ["u", 1e-6], ["m", 1e-3], ["", 1]];

function threeDigits(value) {
  const magnitude = Math.abs(value);
  return value.toFixed(magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2);
}

function withPrefix(value, symbol, prefixes) {
  if (value === null || value === undefined) return "?";
  if (value === 0) return `0 ${symbol}`.trim();
  let best = prefixes[0];
  // 999.5 rounds up to the next prefix's 1.00.
  for (const prefix of prefixes) if (Math.abs(value) >= prefix[1] * 0.9995) best = prefix;
  const exact = best[1] === 1 && Number.isInteger(value);
  return `${exact ? value : threeDigits(value / best[1])} ${best[0]}${symbol}`.trim();
}

const asSeconds = (value) => withPrefix(value, "s", TIME);
const asBytes = (value) => withPrefix(value, "B", LARGE);
const asBytesPerSecond = (value) => withPrefix(value, "B/s", LARGE);
const asFlops = (value) => withPrefix(value, "FLOP", LARGE);
const asFlopsPerSecond = (value) => (value === null ? "–" : withPrefix(value, "FLOP/s", LARGE));
const asCount = (value) => withPrefix(value, "", LARGE);
const asRate = (value) => (value === null ? "–" : `${asRatio(value)} runs/s`);
const asText = (value) => (value === null || value === undefined ? "–" : String(value));

function asRatio(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  return Math.abs(value) >= 999.5 ? asCount(value) : threeDigits(value);
}

const asIntensity = (value) => (value === null ? "–" : `${asRatio(value)} FLOP/B`);
const asFactor = (value) => (value === null ? "–" : `${asRatio(value)} x`);

function asPercent(fraction) {
  if (fraction === null) return "–";
  const percent = fraction * 100;
  return `${percent.toFixed(Math.abs(percent) < 9.95 ? 1 : 0)} %`;
}

const asShape = (shape) =>
  shape === null ? "?" : shape.map((size) => size ?? "?").join("x") || "scalar";
const roofText = ({ roof }) => (roof === "datasheet" ? "data-sheet roof" : `${roof} roof`);
const atLeast = (text, complete) => (complete ? text : `≥ ${text}`);
const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const part = (piece, whole) => (whole > 0 ? piece / whole : null);
const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);
const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);

/** "10.0 GB" as "10 GB": what a scale needs. */
const asTick = (format) => (value) => format(value).replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");

/** Text of at most `most` characters, shortened in its middle. */
function shortened(text, most) {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

// ---- parts of a page

function section(title, ...children) {
  return h("section", { "aria-label": title }, h("h2", {}, title), ...children);
}

/** Terms and what they stand for; entries without a value are left out. */
function definitions(entries) {
  const known = entries.filter(([, value]) => value);
  return h("dl", {}, known.map(([term, value]) =>
    h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

const MOST_BUTTONS = 6;

/** One of `names`: buttons while they are few, else a list. */
function choice(label, names, chosen, onChange) {
  if (names.length > MOST_BUTTONS) {
    const list = h("select", { onchange: () => onChange(list.selectedIndex) },
      names.map((name) => h("option", {}, name)));
    list.selectedIndex = chosen;
    const set = (index) => { list.selectedIndex = index; };
    return { element: h("label", { className: "choice" }, h("span", {}, label), list), set };
  }
  const inputs = names.map((_, index) => h("input", {
    type: "radio", name: label, checked: index === chosen, onchange: () => onChange(index) }));
  const buttons = names.map((name, index) => h("label", {}, inputs[index], h("span", {}, name)));
  const set = (index) => { inputs[index].checked = true; };
  const element = h("fieldset", { className: "choice" }, h("legend", {}, label),
    h("div", { className: "buttons" }, buttons));
  return { element, set };
}

/** Names with their parts of a whole, as bars that read as a table. */
function barTable(caption, rows, format, whole) {
  const line = (row) => {
    const fill = h("span", { className: "fill" });
    fill.style.width = `${100 * (part(row.value, whole) ?? 0)}%`;
    if (row.color) fill.style.background = `var(--${row.color})`;
    return h("tr", {}, h("th", { scope: "row" }, row.name),
      h("td", { className: "track", "aria-hidden": "true" }, fill),
      h("td", { className: "number" }, numberParts(format(row.value))),
      h("td", { className: "number" }, asPercent(part(row.value, whole))));
  };
  return h("table", { className: "bars" }, h("caption", {}, caption),
    h("tbody", {}, rows.map(line)));
}

/** Number and unit apart, so that columns of either line up. */
function numberParts(text) {
  const end = text.includes(" ") ? text.lastIndexOf(" ") + 1 : text.length;
  return [text.slice(0, end), h("span", { className: "unit" }, text.slice(end))];
}

// ---- theme

const theme = {
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  apply(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    repaintCharts();
  },
  button() {
    const label = () => (theme.dark ? "Light theme" : "Dark theme");
    const button = h("button", { type: "button", className: "theme", onclick() {
      theme.dark = !theme.dark;
      theme.apply(theme.dark);
      button.textContent = label();
    } }, label());
    return button;
  },
};
document.documentElement.dataset.theme = theme.dark ? "dark" : "light";
addEventListener("beforeprint", () => theme.apply(false));
addEventListener("afterprint", () => theme.apply(theme.dark));

const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const pageData = () => JSON.parse(document.getElementById("data").textContent);

function pageHeader(title, ...children) {
  return h("header", {}, h("div", { className: "title" }, h("h1", {}, title), theme.button()),
    ...children);
}
