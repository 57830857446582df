#!/usr/bin/env python3
"""Print the bill of materials of a release: `sbom.py VERSION DIST CONTENTS`, as CycloneDX 1.6 in JSON.

Each file of the directory DIST is a component with its digest, and depends on what CONTENTS/NAME*.json lists for it
(`components.py` writes these). SOURCE_DATE_EPOCH dates it: the same release has the same bill.
"""

import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_TYPES = {".tar": "container", ".deb": "application", ".rpm": "application", ".whl": "library", ".gz": "file"}
_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


def bill(version: str, files: Iterable[Path], contents: Path, epoch: int) -> Mapping[str, Any]:
    """Return the bill of the release *version* with the artefacts *files*, dated *epoch* (Unix seconds)."""
    artefacts: list[Mapping[str, Any]] = []
    libraries: dict[str, Mapping[str, Any]] = {}
    dependencies: list[Mapping[str, Any]] = []
    for file in sorted(files):
        carried = [
            each for part in sorted(contents.glob(f"{file.name}*.json")) for each in json.loads(part.read_text())
        ]
        libraries |= {each["purl"]: _library(each) for each in carried}
        artefacts.append(_artefact(file, version))
        dependencies.append({"ref": file.name, "dependsOn": sorted({each["purl"] for each in carried})})
    text = json.dumps([artefacts, sorted(libraries)], sort_keys=True)
    return {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "component": {
                "type": "application",
                "bom-ref": "release",
                "name": "kubepki-exporter",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": [*artefacts, *(libraries[purl] for purl in sorted(libraries))],
        "dependencies": [{"ref": "release", "dependsOn": [each["bom-ref"] for each in artefacts]}, *dependencies],
    }


def _artefact(file: Path, version: str) -> Mapping[str, Any]:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return {
        "type": _TYPES.get(file.suffix, "application"),
        "bom-ref": file.name,
        "name": file.name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def _library(carried: Mapping[str, str]) -> Mapping[str, Any]:
    licence = {"licenses": [{"expression": carried["licence"]}]} if carried.get("licence") else {}
    found = {key: carried[key] for key in ("name", "version", "purl")}
    return {"type": "library", "bom-ref": carried["purl"], **found, **licence}


def main(version: str, dist: str, contents: str) -> None:
    """Print the bill of the files in *dist*."""
    files = [each for each in Path(dist).iterdir() if each.name.startswith("kubepki") and each.suffix != ".json"]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    sys.stdout.write(json.dumps(bill(version, files, Path(contents), epoch), indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
