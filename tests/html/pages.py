"""Pages under test: written by the program, or a page of its own shell with other data."""
import base64
import hashlib
import json
import pathlib
import re
import subprocess

DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.S)


class Pages:
    def __init__(self, binary, root, folder):
        self.binary, self.root, self.folder = binary, pathlib.Path(root), pathlib.Path(folder)

    def roofline(self, model, *arguments):
        command = [self.binary, "analyze", str(model), *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True,
                              encoding="utf-8", timeout=60).stdout

    def analyze(self, name, model, *arguments):
        """The page of a model and the JSON of the same command."""
        path = self.folder / f"{name}.html"
        self.roofline(model, *arguments, "--format", "html", "-o", str(path))
        return path, json.loads(self.roofline(model, *arguments, "--format", "json"))

    def with_data(self, name, page, data):
        path = self.folder / f"{name}.html"
        text = json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")
        path.write_text(DATA.sub(lambda m: m[1] + text + m[3], page.read_text("utf-8")), "utf-8")
        return path

    def with_view(self, name, page, script, data):
        """The same shell around another view, which the policy must name."""
        path = self.with_data(name, page, data)
        html = path.read_text("utf-8")
        start = html.rindex("<script>") + len("<script>")
        end = html.rindex("</script>")
        view = (self.root / script).read_text("utf-8")
        allowed = "'sha256-" + base64.b64encode(hashlib.sha256(view.encode()).digest()).decode() + "'"
        path.write_text(html[:start].replace("script-src", f"script-src {allowed}") + view + html[end:],
                        "utf-8")
        return path


def repeated(report, times):
    """A report whose nodes and layers stand there several times."""
    report["nodes"] = [dict(node, id=f"{i}/{node['id']}")
                       for i in range(times) for node in report["nodes"]]
    for result in report["results"]:
        result["layers"] = [
            dict(layer, id=f"{i}/{layer['id']}", node_ids=[f"{i}/{n}" for n in layer["node_ids"]])
            for i in range(times) for layer in result["layers"]]
    return report


def sweep():
    """Two machines over five batch sizes; the second lacks memory for the last."""
    def point(batch, scale):
        return {"value": batch, "predicted_latency_s": scale * (1e-4 + 2e-5 * batch),
                "throughput_per_s": 1 / (scale * (1e-4 + 2e-5 * batch)),
                "roofline_latency_s": scale * 1e-5 * batch, "intensity": 30.0 + batch,
                "ridge_point": 50.0, "dram_bytes": 1000000 * batch,
                "peak_memory_bytes": 200000000 * batch, "memory_capacity_bytes": 8000000000,
                "bound": "compute" if batch > 20 else "memory",
                "bottleneck": "compute" if batch > 20 else "overhead",
                "fits_in_memory": batch <= 40}
    batches = (1, 4, 16, 32, 64)
    return {"kind": "sweep", "model": {"path": "models/<b>.onnx"}, "axis": {"name": "batch"},
            "series": [{"label": label, "points": [point(b, scale) for b in batches],
                        "crossings": [{"layer": None, "value": 32, "from": "memory", "to": "compute"},
                                      {"layer": "/conv<1>", "value": 4, "from": "memory", "to": "compute"}],
                        "largest_that_fits": 32, "best_under_latency": None}
                       for label, scale in (("v100 fp16 tensorrt", 1), ("t4 fp16 tensorrt", 3))]}
