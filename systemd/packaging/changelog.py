#!/usr/bin/env python3
"""Print the newest section of CHANGELOG.md as a package's own changelog: `changelog.py deb|rpm VERSION`."""

import os
import re
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

MAINTAINER = "The kubepki authors <kubepki@users.noreply.github.com>"
SOURCE = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
_ITEM = re.compile(r"^- (.+(?:\n  .+)*)", re.MULTILINE)


def items(text: str) -> Iterator[str]:
    """Yield each item of the newest section of the changelog *text*, on one line."""
    sections = re.split(r"^## .*$", text, flags=re.MULTILINE)
    newest = next((section for section in sections[1:] if _ITEM.search(section)), "")
    for item in _ITEM.findall(newest):
        yield " ".join(item.split())


def debian(text: str, version: str, epoch: float) -> str:
    """Return deb-changelog(5) for *version*, dated *epoch* (Unix seconds)."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch))
    lines = "\n".join(_wrapped(item, "  * ") for item in items(text))
    return f"kubepki-exporter ({version}) unstable; urgency=medium\n\n{lines}\n\n -- {MAINTAINER}  {date}\n"


def rpm(text: str, version: str, epoch: float) -> str:
    """Return the `%changelog` of a specification for *version*, dated *epoch* (Unix seconds)."""
    date = time.strftime("%a %b %d %Y", time.gmtime(epoch))
    lines = "\n".join(_wrapped(item, "- ") for item in items(text))
    return f"* {date} {MAINTAINER} - {version}-1\n{lines}\n".replace("%", "%%")


def _wrapped(item: str, bullet: str) -> str:
    # Neither a path nor a flag is broken: a reader searches for it whole.
    return textwrap.fill(
        item,
        width=80,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    form, wanted = sys.argv[1:]
    when = float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    sys.stdout.write({"deb": debian, "rpm": rpm}[form](SOURCE.read_text(encoding="utf-8"), wanted, when))
