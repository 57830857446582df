"""Plays one story in a machine of its own: `python -m tests.kubernetes.play STORY WORK`, as the first process of it."""

import argparse
import sys
import time
from pathlib import Path

from tests.conftest import find_program
from tests.kubernetes.control_plane import Binaries
from tests.kubernetes.ground import furnish
from tests.kubernetes.room import Room
from tests.kubernetes.shifted import build_launcher
from tests.kubernetes.stage import Tools, staged
from tests.kubernetes.stories import STORIES
from tests.support.told import Told, say


def needed(name: str) -> Path:
    """Return the program *name*."""
    found = find_program(name)
    assert found is not None, f"the program {name} is not there"
    return found


def main() -> int:
    """Play it; return 1 where it broke, with the last words of each log."""
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes.play", description=__doc__)
    parser.add_argument("story", choices=sorted(STORIES))
    parser.add_argument("work", type=Path)
    parser.add_argument("--kubernetes", type=Path, required=True, help="the folder that build.sh names")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True)
    furnish(asked.work)
    launcher = build_launcher(needed("gcc"), asked.work)
    story, told, began = STORIES[asked.story], Told(), time.monotonic()
    tools = Tools(prometheus=needed("prometheus"), alertmanager=needed("prometheus-alertmanager"))
    binaries = Binaries(kubernetes=asked.kubernetes, etcd=needed("etcd"))
    room = Room(binaries, launcher, asked.work, signs_for=story.signs_for)
    try:
        # As old as its first certificate will be when the story begins.
        room.all_clocks(-story.age, synchronized=True)
        with staged(room, told, tools, asked.work) as stage:
            story.play(stage)
    except AssertionError as error:
        sys.stderr.write(f"the story {asked.story} broke: {error}\n")
        for log in sorted(asked.work.glob("*.log")):
            last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
            sys.stderr.write("\n".join((f"--- {log.name}", *last, "")))
        return 1
    say(f"{asked.story}: {len(told.lines)} acts in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
