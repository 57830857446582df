"""Links and commands in the documents are real: a reader who follows one never lands in an error of ours."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubepki.config.commands import Command
from kubepki.config.parser import build_parser, split_arguments
from tests.conftest import ROOT

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: path.relative_to(ROOT).as_posix()
)
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`((?:docs|rules|grafana|systemd|tests|exporter)/[A-Za-z0-9_./-]+)`")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def slug(heading: str) -> str:
    """Return the anchor that a heading gets where Markdown is rendered."""
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip()).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """Return the anchors of all headings of *path*."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def command_lines(text: str) -> Iterator[str]:
    """Yield the command lines of the fenced blocks and of the code within sentences."""
    for language, block in FENCE.findall(text):
        if language in ("sh", "console", "bash", "text"):
            yield from (line.split("#")[0].strip() for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    """Each relative link names a file of the repository, and its anchor a heading there."""
    document = ROOT / name
    for link in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("name", NAMES)
def test_named_files_are_there(name: str) -> None:
    """A path of the repository that a document names exists."""
    for path in PATH.findall((ROOT / name).read_text(encoding="utf-8")):
        assert (ROOT / path).exists() or (ROOT / path.removesuffix(".")).exists(), path


@pytest.mark.parametrize("name", NAMES)
def test_targets_of_make_are_there(name: str) -> None:
    """Each `make TARGET` that a document tells to type is a target of the Makefile."""
    for line in command_lines((ROOT / name).read_text(encoding="utf-8")):
        words = line.split()
        if words[:1] == ["make"]:
            named = [word for word in words[1:] if re.fullmatch(r"[a-z-]+", word)]
            assert set(named[:1]) <= TARGETS, line


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_flags_are_there(name: str) -> None:
    """Each command line of ours that a document shows names a command and flags that the program knows."""
    parser = build_parser()
    commands = next(action.choices for action in parser._actions if action.choices and "check" in action.choices)  # noqa: SLF001 - argparse has no public way
    assert isinstance(commands, dict)
    for line in command_lines((ROOT / name).read_text(encoding="utf-8")):
        if not line.startswith("kubepki-exporter ") or "|" in line.split("[")[0].split("kubepki-exporter")[0]:
            continue
        words = shlex.split(re.split(r"[|>;&]", line.replace("[", " ").replace("]", " "))[0])[1:]
        flags, rest = split_arguments(words)
        command = rest[0] if rest and rest[0] in set(Command) else None
        known = (commands[command] if command else parser)._option_string_actions  # noqa: SLF001
        for flag in flags:
            if flag.startswith("--"):
                assert flag.partition("=")[0].removesuffix("…").rstrip(".") in known or "…" in flag, line


def test_every_document_is_reached_from_the_first_page() -> None:
    """Nobody has to guess the name of a document: links lead from the first page to each."""
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in reached:
            continue
        reached.add(document)
        links = (link.partition("#")[0] for link in LINK.findall(document.read_text(encoding="utf-8")))
        waiting += [(document.parent / link).resolve() for link in links if link.endswith(".md") and ":" not in link]
    assert sorted(path.name for path in set((ROOT / "docs").glob("*.md")) - reached) == []


FIRST_PAGES = ("README.md", "README.zh-CN.md")


@pytest.mark.parametrize("name", FIRST_PAGES)
def test_output_on_the_first_page_is_what_the_program_prints(name: str) -> None:
    """The example of `check` is its golden output: lines are left out, none is made up."""
    (shown,) = re.findall(r"^```text\n(CRITICAL.*?)^```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
    printed = iter((ROOT / "tests/golden/check/incident_all_corrected.txt").read_text().splitlines())
    for line in shown.splitlines():
        # The iterator goes on where it stood: the order is the program's, too.
        assert line in printed, line


def test_first_pages_tell_the_same() -> None:
    """Whoever reads only one of the languages finds every command, link, metric and figure of the other."""
    english, chinese = ((ROOT / name).read_text() for name in FIRST_PAGES)
    assert set(command_lines(english)) <= set(command_lines(chinese))
    assert set(LINK.findall(english)) - {"README.zh-CN.md"} <= set(LINK.findall(chinese)) - {"README.md"}
    (figures,) = re.findall(r"^## Figures\n(.*?)^## ", english, re.MULTILINE | re.DOTALL)
    (same,) = re.findall(r"^## 数据\n(.*?)^## ", chinese, re.MULTILINE | re.DOTALL)
    numbers = [set(re.findall(r"\d+(?:,\d{3})*", text)) for text in (figures, same)]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("name", FIRST_PAGES)
def test_pictures_are_there(name: str) -> None:
    """Each picture of a first page is in the repository."""
    for link in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", (ROOT / name).read_text()):
        assert (ROOT / link).is_file(), link
