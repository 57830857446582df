"""However `rollback` is asked, it makes the same plan: PATH chooses the link, and is never the proof."""

import os
import shlex
from pathlib import Path

import pytest

from tests.support.commands import contents
from tests.support.scenarios import CLIENT, NOW, SCENARIOS, Scenario
from tests.support.typed import flags_of, typed

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def run(*words: str) -> tuple[int, str]:
    """Type one command line of `rollback` or `check`, with a right clock."""
    return typed(*words, now=NOW)


@each_scenario
def test_every_way_to_ask(scenario: Scenario, tmp_path: Path) -> None:
    """With PATH, with its directory, without either, and as printed: the same plan or the same refusal."""
    flags = flags_of(scenario.build(tmp_path))
    directory = str(tmp_path / "pki")
    link = f"{directory}/{CLIENT}"
    if not os.path.lexists(link):
        pytest.skip("the scenario has no client link")
    by_link = run("rollback", *flags, link)
    by_directory = run("rollback", *flags, directory)
    by_nothing = run("rollback", *flags)
    assert by_directory == by_nothing
    if by_link[0] == 0:
        assert by_link[1] == by_directory[1]


@each_scenario
@pytest.mark.parametrize("way", ["sources", "directory", "link"])
def test_the_printed_command_does_what_it_promises(scenario: Scenario, way: str, tmp_path: Path) -> None:
    """Each `rollback --apply` that `check` or a plan prints is carried out as it is written, and changes the link."""
    flags = flags_of(scenario.build(tmp_path))
    directory = tmp_path / "pki"
    paths = {"sources": [], "directory": [str(directory)], "link": [str(directory / CLIENT)]}[way]
    if not all(os.path.lexists(path) for path in paths):
        pytest.skip("the scenario has no such path")
    before = contents(directory) if directory.is_dir() else {}
    for command in ("check", "rollback"):
        _, text = run(command, *flags, *paths)
        for line in text.splitlines():
            words = shlex.split(line) if line.strip().startswith(("sudo kubepki-exporter", "kubepki-exporter")) else []
            words = words[words.index("kubepki-exporter") + 1 :] if words else []
            if "--apply" in words:
                link = Path(words[-1])
                old = link.readlink()
                status, said = run(*(word for word in words if word != "--restart-kubelet"))
                assert status == 0, line + said
                assert link.readlink() != old
                assert contents(directory) == before
                link.unlink()
                link.symlink_to(old)
