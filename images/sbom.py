# The bill of materials of the Python runner, CycloneDX 1.6 JSON, as images/sbom.ts writes the others': python3 images/sbom.py FOLDER.
import json
import platform
import subprocess
import sys
from pathlib import Path

FILE = "mcphub-sandbox-python.cdx.json"


def component(name, version, purl, license):
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "licenses": [{"expression": license}]}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    uv = subprocess.run(["dist/sandbox-python/uv", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    python = platform.python_version()
    components = [
        component("python", python, f"pkg:generic/python@{python}", "Python-2.0"),
        component("uv", uv, f"pkg:pypi/uv@{uv}", "Apache-2.0 OR MIT"),
    ]
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": {"type": "container", "name": "mcphub-sandbox-python"}}, "components": components}
    (folder / FILE).write_text(json.dumps(bom, indent=2) + "\n")


main()
