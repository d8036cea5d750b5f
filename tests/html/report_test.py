#!/usr/bin/env python3
"""Opens HTML reports in Chromium and uses them. usage: report_test.py --bin ROOFLINE --root ROOT"""
import argparse
import base64
import itertools
import pathlib
import shutil
import sys
import tempfile
import unittest

import browser
import pages

browser.skip_if_missing()
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

MODEL, MACHINES = "models/resnet50.onnx", ("--hardware", "v100,xavier")
HOSTILE = "tests/golden/hostile.onnx"


class PageTest(unittest.TestCase):
    """What the tests share: a browser and pages, made once."""
    binary = root = None

    def open(self, page, **emulation):
        self.browser.emulate(**emulation)
        self.browser.open(page)

    def tearDown(self):
        """Whatever a test did, nothing failed, broke the policy or left the file."""
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual([url for url in self.browser.requests() if not url.startswith("file://")], [])

    def js(self, script, *arguments):
        return self.browser.js(f"return {script}", *arguments)

    def find(self, selector):
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def heading(self, title):
        """The button that sorts by a column of the table of layers or nodes."""
        return self.js("page.table.headings.find((h) => h.textContent === arguments[0]).firstChild", title)

    def column(self, title):
        """Texts of a column of that table, as they stand in the document."""
        return self.js("""[...page.table.body.rows].map((row) =>
            row.cells[page.table.columns.findIndex((c) => c.title === arguments[0])].textContent)""", title)

    def formatted(self, function, values):
        return self.js(f"arguments[0].map({function})", values)


def setUpModule():
    shared = PageTest
    shared.folder = tempfile.TemporaryDirectory()
    shared.browser = browser.Browser()
    shared.pages = pages.Pages(PageTest.binary, PageTest.root, shared.folder.name)
    shared.report, shared.json = shared.pages.write("report", "analyze", MODEL, *MACHINES)
    shared.counts, shared.counts_json = shared.pages.write("counts", "analyze", MODEL)
    # A file whose name is as hostile as the names in it.
    model = pathlib.Path(shared.folder.name) / "<img src=x onerror=\"window.ran='path'\">&.onnx"
    shutil.copy(pathlib.Path(PageTest.root) / HOSTILE, model)
    shared.hostile, shared.hostile_json = shared.pages.write("hostile", "analyze", model, *MACHINES)
    shared.sweep, shared.sweep_json = shared.pages.write(
        "sweep", "sweep", MODEL, "--hardware", "v100,xavier", "--dim", "batch=1,4,16,64", "--max-latency", "20ms")


def tearDownModule():
    PageTest.browser.close()
    PageTest.folder.cleanup()


class LayersTest(PageTest):
    def test_dots_are_the_layers(self):
        self.open(self.report)
        for machine, result in enumerate(self.json["results"]):
            self.js("void page.select(0, arguments[0])", machine)
            dots = self.js("""drawings[1].chart.data.datasets.filter((d) => d.isLayers)
                .flatMap((d) => d.data.map((dot) => [dot.row, dot.x, dot.y]))""")
            expected = [[i, layer["intensity"], layer["flops"] / layer["predicted_latency_s"]]
                        for i, layer in enumerate(result["layers"]) if layer["flops"]]
            self.assertEqual(len(expected), 56)
            for dot, layer in itertools.zip_longest(sorted(dots), expected):
                self.assertEqual(dot[0], layer[0])
                self.assertAlmostEqual(dot[1] / layer[1], 1)
                self.assertAlmostEqual(dot[2] / layer[2], 1)

    def test_rows_and_sums_are_those_of_json(self):
        self.open(self.report)
        for machine, result in enumerate(self.json["results"]):
            self.js("void page.select(0, arguments[0])", machine)
            self.heading("#").click()
            layers, totals = result["layers"], result["totals"]
            self.assertEqual(self.column("#"), [str(i + 1) for i in range(len(layers))])
            self.assertEqual(self.column("Name"), [layer["name"] for layer in layers])
            for title, field, function in (("Time", "predicted_latency_s", "asSeconds"),
                                           ("MACs", "macs", "asCount"),
                                           ("FLOPs", "flops", "asFlops"),
                                           ("DRAM", "dram_bytes", "asBytes"),
                                           ("Planned", "planned_bytes", "asBytes")):
                expected = self.formatted(function, [layer[field] for layer in layers])
                self.assertEqual(self.column(title), expected)
                self.assertEqual(self.sum_of(title), self.formatted(function, [totals[field]])[0])

    def sum_of(self, title):
        return self.js("""page.table.foot.rows[0].cells[
            page.table.columns.findIndex((c) => c.title === arguments[0])].textContent""", title)

    def test_figures_read_as_in_the_text_report(self):
        self.open(self.report)
        text = self.pages.roofline("analyze", MODEL, "--hardware", "v100", "--format", "text")
        figures = self.js("[...document.querySelectorAll('.card strong')].map((e) => e.textContent)")
        self.assertEqual(len(figures), 9)
        for figure in figures:
            self.assertIn(figure, text)

    def test_counts_only(self):
        self.open(self.counts)
        self.assertEqual(self.js("document.querySelectorAll('.roofline').length"), 0)
        self.heading("#").click()
        nodes = self.counts_json["nodes"]
        self.assertEqual(self.column("Name"), [node["name"] for node in nodes])
        self.assertEqual(self.column("FLOPs"), self.formatted("asFlops", [n["flops"] for n in nodes]))
        live = self.js("drawings[0].chart.config.data.datasets[0].data.map((point) => point.y)")
        self.assertEqual(live, [node["live_bytes"] for node in nodes])

    def test_many_layers(self):
        _, report = self.pages.write("tiny", "analyze", "tests/golden/tiny.onnx", "--hardware", "v100")
        count = len(report["results"][0]["layers"])
        times = 10000 // count + 1
        self.open(self.pages.with_data("many", self.report, [pages.repeated(report, times)]))
        self.assertEqual(self.js("page.table.rows.length"), times * count)
        self.assertLessEqual(self.js("page.table.body.rows.length"), 200)
        self.assertLessEqual(self.js("sum(drawings[1].chart.data.datasets.map((d) => d.data.length))"), 2100)
        self.heading("Name").click()
        self.js("void page.table.show(arguments[0])", times * count - 1)
        self.assertEqual(self.js("document.activeElement.dataset.row"), str(times * count - 1))


class UseTest(PageTest):
    def test_sorting_by_keyboard(self):
        self.open(self.report)
        times = [layer["predicted_latency_s"] for layer in self.json["results"][0]["layers"]]
        for expected, order in (("ascending", sorted(times)), ("none", times),
                                ("descending", sorted(times, reverse=True))):
            button = self.heading("Time")
            button.send_keys(Keys.ENTER)
            self.assertEqual(self.js("arguments[0].parentNode.ariaSort", button), expected)
            self.assertEqual(self.column("Time"), self.formatted("asSeconds", order))

    def test_searching(self):
        self.open(self.report)
        layers = self.json["results"][0]["layers"]
        found = [layer["name"] for layer in layers if "layer4.1" in layer["name"]]
        self.find("[aria-label='Search Layers']").send_keys("LAYER4.1")
        self.assertCountEqual(self.column("Name"), found)
        self.assertEqual(self.js("page.table.status.textContent"), f"{len(found)} of {len(layers)} layers")

    def test_switching_machines(self):
        self.open(self.report)
        self.find("input[name=Machine]").send_keys(Keys.ARROW_RIGHT)
        xavier = self.json["results"][1]
        self.assertIn(xavier["hardware"]["name"], self.find(".facts").text)
        predicted = self.formatted("asSeconds", [xavier["totals"]["predicted_latency_s"]])[0]
        self.assertEqual(self.find(".card strong").text, predicted)
        self.assertEqual(self.find("tr[aria-current]").text.split()[0], "xavier")
        self.find("tbody button").click()  # and back, from the comparison
        self.assertIn(self.json["results"][0]["hardware"]["name"], self.find(".facts").text)
        self.assertTrue(self.find("input[name=Machine]").is_selected())

    def test_a_dot_leads_to_its_row(self):
        self.open(self.report)
        self.find("[aria-label='Search Layers']").send_keys("nothing like this")
        row, x, y = self.js("""(() => { const { chart } = drawings[1];
            const set = chart.data.datasets.findIndex((d) => d.label === "memory");
            const { x, y } = chart.getDatasetMeta(set).data[0];
            return [chart.data.datasets[set].data[0].row, x, y]; })()""")
        canvas = self.find(".roofline canvas")
        box = self.js("[arguments[0].clientWidth / 2, arguments[0].clientHeight / 2]", canvas)
        self.js("void arguments[0].scrollIntoView({ block: 'center' })", canvas)
        ActionChains(self.browser.driver).move_to_element_with_offset(
            canvas, round(x - box[0]), round(y - box[1])).click().perform()
        # Chart.js answers with the next frame.
        current = WebDriverWait(self.browser.driver, 10).until(
            lambda _: self.js("document.activeElement.closest('tr')"))
        self.assertEqual(current.get_attribute("data-row"), str(row))
        self.assertEqual(current.get_attribute("aria-current"), "true")
        top = self.js("arguments[0].getBoundingClientRect().top", current)
        self.assertTrue(0 < top < 1000)

    def test_theme(self):
        for scheme, other in (("light", "dark"), ("dark", "light")):
            self.open(self.report, scheme=scheme)
            self.assertEqual(self.js("document.documentElement.dataset.theme"), scheme)
            before = self.js("[getComputedStyle(document.body).color, drawings[1].chart.options.scales.x.title.color]")
            self.find(".theme").click()
            self.assertEqual(self.js("document.documentElement.dataset.theme"), other)
            after = self.js("[getComputedStyle(document.body).color, drawings[1].chart.options.scales.x.title.color]")
            self.assertNotEqual(before[0], after[0])
            self.assertNotEqual(before[1], after[1])

    def test_contrast(self):
        texts = ("ink", "muted", "accent", "bad", "caution")
        marks = [f"series{i}" for i in range(10)]
        for scheme in ("light", "dark"):
            self.open(self.report, scheme=scheme)
            pairs = [*((name, "paper", 4.5) for name in texts), ("muted", "raised", 4.5),
                     ("ink", "picked", 4.5), ("muted", "picked", 4.5), ("accent", "picked", 4.5),
                     ("ink", "bar", 4.5), ("muted", "bar", 4.5), *((name, "paper", 3) for name in marks)]
            for first, second, least in pairs:
                with self.subTest(scheme=scheme, first=first, second=second):
                    self.assertGreaterEqual(contrast(*self.js("arguments[0].map(color)", [first, second])), least)

    def test_legend_hides_dots(self):
        self.open(self.report)
        self.find(".legend input").send_keys(Keys.SPACE)
        hidden = self.js("drawings[1].chart.data.datasets.filter((d) => d.hidden).map((d) => d.label)")
        self.assertEqual(hidden, ["compute"])


class ShellTest(PageTest):
    def test_hostile_names_are_text(self):
        self.open(self.hostile)
        self.heading("#").click()
        names = [layer["name"] for layer in self.hostile_json["results"][0]["layers"]]
        self.assertEqual(self.column("Name"), names)
        self.assertTrue(any("</script><img" in name for name in names))
        self.assertEqual(self.js("document.querySelectorAll('img, script[src], b').length"), 0)
        self.assertIsNone(self.js("window.ran ?? null"))
        self.assertIn("<img src=x", self.browser.driver.title)
        self.assertIn("Incomplete", self.find(".warning").text)
        self.assertTrue(self.find(".card strong").text.startswith("≥ "))

    def test_phone(self):
        for page in (self.report, self.counts, self.hostile, self.sweep):
            self.open(page, width=390, height=844, phone=True)
            self.assertLessEqual(self.js("document.documentElement.scrollWidth"), 390, page)

    def test_everything_has_a_name(self):
        for page in (self.report, self.sweep):
            self.open(page)
            nameless = self.js("""[...document.querySelectorAll("input, select, button, canvas, .scroll")]
                .filter((e) => !(e.ariaLabel || e.labels?.[0]?.textContent.trim() || e.textContent.trim()))
                .map((e) => e.outerHTML)""")
            self.assertEqual(nameless, [])

    def test_printing(self):
        self.open(self.report, scheme="dark")
        pdf = self.browser.driver.execute_cdp_cmd("Page.printToPDF", {})["data"]
        self.assertTrue(base64.b64decode(pdf).startswith(b"%PDF"))
        self.assertEqual(self.js("document.documentElement.dataset.theme"), "dark")

    def test_several_models(self):
        page = self.pages.with_data("several", self.report, [self.json, self.hostile_json])
        self.open(page)
        self.assertEqual(self.js("page.entries.length"), 4)
        self.find("input[name=Model]").send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.js("page.table.rows.length"), len(self.hostile_json["results"][0]["layers"]))
        self.assertTrue(self.find("tr[aria-current] td").text.startswith("<img"))

    def test_sweep(self):
        self.open(self.sweep)
        series = self.sweep_json["series"]
        lines = self.js("""drawings[0].chart.data.datasets.filter((d) => d.isSeries)
            .map((d) => d.data.map((point) => [point.x, point.y]))""")
        self.assertEqual(lines, [[[p["value"], p["predicted_latency_s"]] for p in s["points"]]
                                 for s in series])
        self.assertEqual(self.js("drawings.length"), 5)
        self.find(".legend input").click()
        self.assertTrue(self.js("drawings[4].chart.data.datasets[0].hidden"))
        answers = self.js("[...document.querySelector('tbody').rows].map((r) => r.cells[1].textContent)")
        self.assertEqual(answers, [str(s["largest_that_fits"]) for s in series])


def contrast(*colors):
    """WCAG 2.1, of #rrggbb."""
    def luminance(text):
        parts = [int(text[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    dark, light = sorted(map(luminance, colors))
    return (light + 0.05) / (dark + 0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--root", required=True)
    arguments, rest = parser.parse_known_args()
    PageTest.binary, PageTest.root = pathlib.Path(arguments.bin).resolve(), arguments.root
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
