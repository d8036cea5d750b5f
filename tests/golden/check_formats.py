"""Checks that formats agree: Markdown and JSON list the same layers and totals, saved reports compare
as their models do, and a report does not differ from itself."""
import json
import math
import pathlib
import re

# Flags that say what is priced, with a value and without; a saved report has taken them in.
PRICING_FLAGS = ("--hardware", "--runtime", "--runtime-version", "--precision", "--threads", "--roof",
                 "--dim", "--shape", "--value", "--trip-count")
PRICING_SWITCHES = ("--copies",)
WITH_VALUES = ("--format", "--top", "--output", "-o", "--fail-on")
PREFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
            "E": 1e18}
UNITS = ("FLOP", "B", "s", "")
HALF_OF_THREE_DIGITS = 0.0051


def number(text):
    """The value of "46.1 us", ">= 10.7 k" or "0"; None for "?"."""
    text = text.replace(">= ", "").strip()
    if text == "?":
        return None
    digits, _, unit = text.partition(" ")
    for symbol in UNITS:
        if unit.endswith(symbol) and unit[:len(unit) - len(symbol)] in PREFIXES:
            return float(digits) * PREFIXES[unit[:len(unit) - len(symbol)]]
    raise ValueError(f"'{text}' is no quantity")


def agrees(text, value):
    shown = number(text)
    if shown is None or value is None:
        return shown is value
    return math.isclose(shown, value, rel_tol=HALF_OF_THREE_DIGITS, abs_tol=1e-12)


def tables(text):
    """Every Markdown table of layers as a list of rows, each a dictionary by title."""
    found, titles = [], None
    for line in text.splitlines():
        if not line.startswith("|"):
            titles = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if titles is None:
            titles = cells
            found.append([])
        elif not all(re.fullmatch("-+:?", cell) for cell in cells):
            found[-1].append(dict(zip(titles, cells)))
    return [rows for rows in found if not rows or "scenario" not in rows[0]]


def check_rows(rows, wanted, columns, where):
    if len(rows) != len(wanted):
        return [f"{where}: Markdown lists {len(rows)} layers, JSON {len(wanted)}"]
    return [f"{where}: layer {i}: {title} is '{row[title]}' in Markdown, {item[key]} in JSON"
            for i, (row, item) in enumerate(zip(rows, wanted))
            for title, key in columns if not agrees(row[title], item[key])]


def check_figures(text, label, values, where):
    """The figures that begin the line of `label`, once for each of `values`."""
    found = re.findall(rf"^- \*\*{label}\*\* ((?:>= )?[\d.]+(?: \w+)??)(?= MACs|,|$)", text, re.M)
    if len(found) != len(values):
        return [f"{where}: Markdown gives '{label}' {len(found)} times, JSON {len(values)} times"]
    return [f"{where}: {label} is '{shown}' in Markdown, {value} in JSON"
            for shown, value in zip(found, values) if not agrees(shown, value)]


def check_markdown(report, text):
    """`text` lists every layer, in order."""
    machines = report["results"]
    if machines:
        columns = (("time", "predicted_latency_s"), ("MACs", "macs"), ("traffic", "planned_bytes"))
        lists = [(result["hardware"]["id"], result["layers"]) for result in machines]
        work = [result["totals"]["macs"] for result in machines]
        problems = check_figures(text, "predicted",
                                 [result["totals"]["predicted_latency_s"] for result in machines], "totals")
    else:
        columns = (("FLOPs", "flops"), ("MACs", "macs"), ("traffic", "traffic_bytes"),
                   ("params", "parameters"))
        lists, work, problems = [("nodes", report["nodes"])], [report["totals"]["macs"]], []
    problems += check_figures(text, "work", work, "totals")
    problems += check_figures(text, "parameters", [report["model"]["parameters"]] * len(work), "totals")
    listed = [(where, rows) for where, rows in lists if rows]
    found = tables(text)
    if len(found) != len(listed):
        return [*problems, f"Markdown has {len(found)} tables of layers, JSON {len(listed)}"]
    for rows, (where, wanted) in zip(found, listed):
        problems += check_rows(rows, wanted, columns, where)
    return problems


def parts(arguments):
    """Operands, flags that price, and other flags."""
    operands, pricing, others = [], [], []
    words = iter(arguments)
    for word in words:
        name = word.split("=")[0] if word.startswith("--") else word
        if not word.startswith("-"):
            operands.append(word)
            continue
        kind = pricing if name in (*PRICING_FLAGS, *PRICING_SWITCHES) else others
        kind.append(word)
        if "=" not in word and name in (*PRICING_FLAGS, *WITH_VALUES):
            kind.append(next(words))
    return operands, pricing, others


def save(run, operand, pricing, path):
    """Saves the report of a model; a saved report stands for itself. None where analyze refuses the
    precision that compare replaces."""
    if operand.endswith(".json"):
        return operand
    _, _, err = run(["analyze", operand, *pricing, "--format", "json", "--output", str(path)])
    return None if "error[no-peak]" in err else str(path)


def without(flags, *names):
    kept, skip = [], False
    for word in flags:
        if not skip and word.split("=")[0] not in names:
            kept.append(word)
        skip = not skip and word in names
    return kept


def check_saved(run, arguments, scratch):
    """diff and compare say the same of saved reports as of their models, in every format."""
    operands, pricing, others = parts(arguments[1:])
    others = without(others, "--format", "--output", "-o", "--top")
    saved = [save(run, operand, pricing, pathlib.Path(scratch) / f"{i}.json")
             for i, operand in enumerate(operands)]
    if saved == operands or None in saved:
        return []
    problems = []
    for layout in ("text", "markdown", "json"):
        of_models = run([arguments[0], *operands, *pricing, *others, "--format", layout])
        of_reports = run([arguments[0], *saved, *others, "--format", layout])
        if of_models[:2] != of_reports[:2]:
            problems.append(f"{layout} of saved reports is not that of their models:\n{of_reports[1]}")
    return problems


def check_equal(run, arguments, scratch):
    """A report does not differ from itself."""
    operands, pricing, _ = parts(arguments[1:])
    saved = save(run, operands[0], pricing, pathlib.Path(scratch) / "self.json")
    _, text, _ = run(["diff", saved, saved])
    _, document, _ = run(["diff", saved, saved, "--format", "json"])
    if "no difference" in text and json.loads(document)["equal"]:
        return []
    return [f"a report differs from itself:\n{text}"]
