"""What the pages tell a person to type.

Rules of this module: pure but for reading the pages; a command is the text of its line, without the comment behind it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

_FENCE = re.compile(r"\s*```(\w*)\s*")
_COMMENT = re.compile(r"(^|\s+)#.*")
_PROGRAMS = (
    "make|apt|ausearch|chronyc|cp|curl|date|dnf|docker|gpg|helm|journalctl|kubeadm|kubectl|kubepki-exporter|ln|mv|oc|openssl|podman|"
    "promtool|python|restorecon|sha256sum|skopeo|systemctl|talosctl|timedatectl"
)
# Within a sentence it is a command with what follows the program; the program's name alone is its name.
_SPOKEN = re.compile(rf"`((?:sudo )?(?:{_PROGRAMS}) [^`\n]+|\.ci/run)`")
_PLAIN = re.compile(rf"(?:sudo )?(?:{_PROGRAMS}) .+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A command and where it stands."""

    text: str
    page: str
    line: int

    @property
    def place(self) -> str:
        """The page and the line, as an editor takes them."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return the pages of the repository that tell what to do; the history of versions tells what was done."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests" / "README.md"]
    return sorted(
        (page for page in found if page.name != "CHANGELOG.md"), key=lambda path: path.relative_to(ROOT).as_posix()
    )


def typed() -> list[Typed]:
    """Return every command of every page, in the order of the pages."""
    return [
        Typed(text=text, page=page.relative_to(ROOT).as_posix(), line=number)
        for page in pages()
        for number, text in commands_of(page.read_text(encoding="utf-8"))
    ]


def commands_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and command of each command in the page *text*: in `sh` blocks, in plain ones, in sentences."""
    language = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.fullmatch(line)
        if fence:
            language = fence[1] if language is None else None
        elif language is not None:
            command = _COMMENT.sub("", line).strip()
            if command and (language == "sh" or (not language and _PLAIN.fullmatch(command))):
                yield number, command
        elif language is None:
            for spoken in _SPOKEN.findall(line):
                yield number, spoken
