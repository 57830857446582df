"""A quarter of a minute of the soak; `make soak` is half an hour of it."""

from pathlib import Path

from tests.soak.run import soak


def test_a_short_soak(tmp_path: Path) -> None:
    """Under rotations, storms, hostile clients and hanging paths: each scrape answers, rotations are seen, it ends."""
    found = soak(tmp_path, 15.0)
    assert found.measured.failed == 0
    assert found.seen
    assert found.rotations > 5
    assert found.ended < 2
    assert found.measured.threads[1] < 64
    assert "Traceback" not in (tmp_path / "log").read_text()
