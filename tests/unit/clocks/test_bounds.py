"""What the disk knows of times that now cannot be before."""

import os
from pathlib import Path

from kubepki.clocks.bounds import BUILT, lower_bound, synchronized_then


def test_builds_and_what_daemons_wrote_are_told_apart(tmp_path: Path) -> None:
    """The latest of each kind counts, and a file that is not there says nothing."""
    files = {name: str(tmp_path / name) for name in ("epoch", "systemd", "clock", "drift", "none")}
    for number, name in enumerate(("epoch", "systemd", "clock", "drift")):
        Path(files[name]).touch()
        os.utime(files[name], (0, 2_000_000_000 + number))
    builds = {files["systemd"]: "systemd was built", files["epoch"]: "its epoch", files["none"]: "nothing"}
    assert lower_bound(builds) == (2_000_000_001, "systemd was built")
    assert lower_bound({files["none"]: "nothing"})[1] == BUILT
    daemons = {files["drift"]: "chronyd was synchronized", files["clock"]: "timesyncd was", files["none"]: "nothing"}
    assert synchronized_then(daemons) == (2_000_000_003, "chronyd was synchronized")
    assert synchronized_then({files["none"]: "nothing"}) is None
