#!/usr/bin/env python3
"""What an artefact of a release carries besides our own modules: names, versions, licences.

`components.py wheels DIRECTORY`, `… debs DIRECTORY` (of control files) and `… listed FILE` print
JSON for `sbom.py`; `components.py bundled DIRECTORY` prints the lines of a specification for the wheels in DIRECTORY.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

OURS = "kubepki-exporter"
# Metadata of before SPDX expressions that names one of these licences means it.
_SPDX = frozenset({"Apache-2.0", "MIT", "BSD-3-Clause"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Component:
    """One thing that is carried; `purl` is its package URL, `licence` an SPDX expression where one is known."""

    name: str
    version: str
    purl: str
    licence: str | None = None


def of_wheels(directory: Path) -> tuple[Component, ...]:
    """Return the wheels that are unpacked in *directory*, and what they say that they carry themselves."""
    return tuple(sorted({each for found in _distributions(directory) for each in _wheel(found)}, key=_purl))


def of_debs(directory: Path) -> tuple[Component, ...]:
    """Return the Debian packages whose control files lie in *directory*, without our own."""
    found = []
    for file in sorted(directory.iterdir()):
        control = HeaderParser().parsestr(file.read_text(encoding="utf-8"))
        if control["Package"] != OURS:
            found.append(_deb(control["Package"], control["Version"], control["Architecture"]))
    return tuple(found)


def listed(lines: Iterable[str]) -> tuple[Component, ...]:
    """Return what *lines* list: `pypi` or the architecture of a Debian package, name, version, split by tabs."""
    found = []
    for kind, name, version in (line.split("\t") for line in lines):
        pypi = Component(name=name, version=version, purl=f"pkg:pypi/{name}@{quote(version)}")
        found.append(pypi if kind == "pypi" else _deb(name, version, kind))
    return tuple(found)


def bundled(directory: Path) -> Iterator[str]:
    """Yield the lines of a specification that name the libraries brought along, and the licence of it all."""
    for each in of_wheels(directory):
        if each.purl.startswith("pkg:pypi/"):
            yield f"Provides: bundled(python3dist({each.name})) = {each.version}"
        elif each.purl.startswith("pkg:generic/"):
            yield f"Provides: bundled({each.name}) = {each.version}"
        else:
            yield f"Provides: bundled(crate({each.name})) = {each.version}"
    licences = {each.licence for each in of_wheels(directory) if each.licence}
    yield f"License: {' AND '.join(sorted({'Apache-2.0', *map(_grouped, licences)}))}"


def _grouped(expression: str) -> str:
    return f"({expression})" if " " in expression else expression


def _distributions(directory: Path) -> Iterator[Distribution]:
    yield from distributions(path=[str(directory)])


def _wheel(found: Distribution) -> Iterator[Component]:
    metadata = found.metadata
    name = metadata["Name"].lower().replace("_", "-")
    licence = metadata["License-Expression"] or (metadata["License"] if metadata["License"] in _SPDX else None)
    yield Component(name=name, version=found.version, purl=f"pkg:pypi/{name}@{quote(found.version)}", licence=licence)
    for file in found.files or ():
        # PEP 770: what was compiled into the wheel.
        if ".dist-info/sboms/" in str(file) and file.suffix == ".json":
            yield from _carried(json.loads(file.read_text(encoding="utf-8")))


def _carried(sbom: Mapping[str, Any]) -> Iterator[Component]:
    for each in sbom.get("components", ()):
        expression = next((known["expression"] for known in each.get("licenses", ()) if "expression" in known), None)
        purl = each.get("purl", "").split("?")[0]
        if purl:
            yield Component(name=each["name"], version=each["version"], purl=purl, licence=expression)


def _deb(name: str, version: str, architecture: str) -> Component:
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}"
    return Component(name=name, version=version, purl=purl)


def _purl(component: Component) -> str:
    return component.purl


def main(kind: str, place: str) -> None:
    """Print what is asked for."""
    path = Path(place)
    if kind == "bundled":
        sys.stdout.write("".join(f"{line}\n" for line in bundled(path)))
        return
    if kind == "listed":
        found = listed(path.read_text(encoding="utf-8").splitlines())
    else:
        found = {"wheels": of_wheels, "debs": of_debs}[kind](path)
    sys.stdout.write(json.dumps([asdict(each) for each in found], indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
