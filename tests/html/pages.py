"""Pages under test: written by the program, or those with other data."""
import json
import pathlib
import re
import subprocess

DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.S)


class Pages:
    def __init__(self, binary, root, folder):
        self.binary, self.root, self.folder = binary, pathlib.Path(root), pathlib.Path(folder)

    def roofline(self, command, model, *arguments):
        command = [self.binary, command, str(model), *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True,
                              encoding="utf-8", timeout=60).stdout

    def write(self, name, command, model, *arguments):
        """The page of a model and the JSON of the same command."""
        path = self.folder / f"{name}.html"
        self.roofline(command, model, *arguments, "--format", "html", "-o", str(path))
        return path, json.loads(self.roofline(command, model, *arguments, "--format", "json"))

    def with_data(self, name, page, data):
        path = self.folder / f"{name}.html"
        text = json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")
        path.write_text(DATA.sub(lambda m: m[1] + text + m[3], page.read_text("utf-8")), "utf-8")
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
