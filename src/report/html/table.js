"use strict";
// A table that sorts by its headings, searches, and puts one page of its rows into the document.

const PAGE_ROWS = 200;
const SEEN_AT_ONCE = 8;
const byText = new Intl.Collator("en", { numeric: true }).compare;

/**
 * column: { title, hint: what it means, of: row -> value to sort by (null comes last),
 *   as: value -> text, number: aligned as one (a quantity unless shown asText), sum: shown below, head: names the row,
 *   color: row -> name of the mark's colour, share: row -> part of a whole, drawn as a bar }
 * onShow: (index) when a row's mark is pressed, for tables whose rows lead elsewhere.
 */
class DataTable {
  constructor({ caption, noun, columns, rows, onShow = null, current = null }) {
    Object.assign(this, { caption, noun, columns, rows, onShow, current });
    this.sortedBy = null;
    this.descending = false;
    this.query = "";
    this.page = 0;
    this.order = rows.map((_, index) => index);
    this.build();
    this.render();
  }

  build() {
    this.headings = this.columns.map((column) => h("th", { scope: "col",
      className: column.number ? "number" : "" },
    h("button", { type: "button", title: column.hint, onclick: () => this.sort(column) },
      column.title)));
    this.body = h("tbody");
    this.foot = h("tfoot");
    this.status = h("output");
    this.input = h("input", { type: "search", placeholder: "Search", autocomplete: "off",
      "aria-label": `Search ${this.caption}`, oninput: () => this.search(this.input.value) });
    const turn = (name, by) => h("button", { type: "button", onclick: () => this.turn(by) }, name);
    this.turns = [turn("Previous", -1), turn("Next", 1)];
    this.pager = h("div", { className: "pager" }, this.turns);
    const table = h("table", { className: "data" },
      h("caption", { className: "hidden" }, this.caption),
      h("thead", {}, h("tr", {}, this.headings)), this.body, this.foot);
    const scroll = h("div", { className: "scroll", role: "region", tabIndex: 0,
      "aria-label": this.caption }, table);
    const bar = h("div", { className: "bar", hidden: this.rows.length <= SEEN_AT_ONCE },
      this.input, this.status, this.pager);
    this.element = h("div", { className: "table" }, bar, scroll);
  }

  /** Quantities start with the largest, texts and places with the first; a third press restores
   *  the order that was given. */
  sort(column) {
    const first = Boolean(column.number) && column.as !== asText;
    if (this.sortedBy !== column) {
      this.sortedBy = column;
      this.descending = first;
    } else if (this.descending === first) {
      this.descending = !first;
    } else {
      this.sortedBy = null;
    }
    this.arrange();
  }

  search(text) {
    this.query = text.trim().toLowerCase();
    this.arrange();
  }

  turn(by) {
    this.page += by;
    this.render();
  }

  arrange() {
    this.texts ??= this.rows.map((row) => this.columns.filter((column) => !column.number)
      .map((column) => column.as(column.of(row))).join("\n").toLowerCase());
    this.order = [...this.rows.keys()].filter((index) => this.texts[index].includes(this.query));
    const column = this.sortedBy;
    if (column) {
      const values = this.rows.map((row) => column.of(row) ?? null);
      const sign = this.descending ? -1 : 1;
      const compare = (a, b) => (typeof a === "string" ? byText(a, b) : a - b);
      this.order.sort((a, b) => {
        const [x, y] = [values[a], values[b]];
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        return sign * compare(x, y) || a - b;
      });
    }
    this.page = 0;
    this.render();
  }

  render() {
    const start = this.page * PAGE_ROWS;
    const shown = this.order.slice(start, start + PAGE_ROWS);
    this.body.replaceChildren(...shown.map((index) => this.line(index)));
    this.columns.forEach((column, i) => {
      const sort = column !== this.sortedBy ? "none" : this.descending ? "descending" : "ascending";
      this.headings[i].setAttribute("aria-sort", sort);
    });
    this.renderSums();
    const found = this.order.length;
    const whole = plural(this.rows.length, this.noun);
    let status = found === this.rows.length ? whole : `${found.toLocaleString("en")} of ${whole}`;
    if (found > PAGE_ROWS) status += `, rows ${start + 1} to ${start + shown.length}`;
    this.status.textContent = status;
    this.pager.hidden = found <= PAGE_ROWS;
    this.turns[0].disabled = this.page === 0;
    this.turns[1].disabled = start + PAGE_ROWS >= found;
  }

  line(index) {
    const row = this.rows[index];
    const line = h("tr", { tabIndex: -1 }, this.columns.map((column) => this.cell(column, row, index)));
    line.dataset.row = index;
    if (index === this.current) line.setAttribute("aria-current", "true");
    return line;
  }

  cell(column, row, index) {
    const text = column.as(column.of(row));
    if (column.head) {
      const content = this.onShow
        ? h("button", { type: "button", onclick: () => this.onShow(index) }, text) : text;
      return h("th", { scope: "row", title: text }, content);
    }
    if (!column.number) {
      const mark = column.color
        ? h("span", { className: "mark", "aria-hidden": "true" }, "■ ") : null;
      if (mark) mark.style.color = `var(--${column.color(row)})`;
      return h("td", { title: text }, mark, text);
    }
    const cell = h("td", { className: "number" }, column.as === asText ? text : numberParts(text));
    if (column.share) {
      cell.classList.add("share");
      cell.style.setProperty("--share", `${100 * (column.share(row) ?? 0)}%`);
    }
    return cell;
  }

  /** Of the rows that the search leaves. */
  renderSums() {
    if (!this.columns.some((column) => column.sum)) return;
    const cells = this.columns.map((column) => {
      if (column.head) return h("th", { scope: "row" }, `Sum of ${plural(this.order.length, this.noun)}`);
      if (!column.sum) return h("td");
      const total = sum(this.order.map((index) => column.of(this.rows[index])));
      return h("td", { className: "number" }, numberParts(column.as(total)));
    });
    this.foot.replaceChildren(h("tr", {}, cells));
  }

  /** Brings a row into view and marks it, wherever search and order have put it. */
  show(index) {
    if (!this.order.includes(index)) {
      this.input.value = "";
      this.search("");
    }
    this.current = index;
    this.page = Math.floor(this.order.indexOf(index) / PAGE_ROWS);
    this.render();
    const line = this.body.querySelector(`tr[data-row="${index}"]`);
    line.scrollIntoView({ block: "center", inline: "nearest" });
    line.focus({ preventScroll: true });
  }
}

const textColumn = (title, of, more = {}) => ({ title, of, as: asText, ...more });
const numberColumn = (title, of, as, more = {}) => ({ title, of, as, number: true, ...more });

const SEVERITY_COLORS = { error: "bad", warning: "caution", note: "muted" };

function diagnosticsTable(diagnostics) {
  return new DataTable({ caption: "Notes, warnings and errors", noun: "message", rows: diagnostics,
    columns: [
      textColumn("Severity", (d) => d.severity, { color: (d) => SEVERITY_COLORS[d.severity] }),
      textColumn("Message", (d) => d.message, { head: true }),
      textColumn("What to do", (d) => d.hint),
      textColumn("Where", (d) => d.location),
      textColumn("Code", (d) => d.code)] });
}
