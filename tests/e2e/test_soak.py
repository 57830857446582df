"""A quarter of a minute of the soak; `make soak` is half an hour of it."""

from pathlib import Path

from tests.soak.__main__ import MISSED, verdicts
from tests.soak.run import soak


def test_a_short_soak(tmp_path: Path) -> None:
    """Under rotations, storms, hostile clients and hanging paths: each scrape answers, rotations are seen, it ends."""
    found = soak(tmp_path, 15.0)
    assert found.measured.failed == ()
    assert found.seen
    assert found.rotations > 5
    assert found.ended < 2
    assert found.measured.figures[-1][2] < 80
    said = {what: verdict for what, _, verdict in verdicts(found)}
    assert said.pop("p99 (aim 50 ms)")
    assert MISSED not in said.values(), said
    assert "Traceback" not in (tmp_path / "log").read_text()
