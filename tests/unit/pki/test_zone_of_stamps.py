"""A host without zone files (a small image without tzdata)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import environment

PROGRAM = """
import sys
from kubepki.pki.scan import Scanner
from kubepki.settings import PkiSettings, ScanSettings
zone = sys.argv[1] or None
Scanner(PkiSettings(directories=(), kubeconfigs=(), timezone=zone), ScanSettings()).scan()
assert "zoneinfo" not in sys.modules
"""


@pytest.mark.parametrize("zone", ["UTC", ""])
def test_utc_and_the_hosts_own_zone_need_no_zone_files(tmp_path: Path, zone: str) -> None:
    """`--pki.timezone=UTC` is accepted there, so that it must work there."""
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, zone],
        env=environment(PYTHONTZPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == 0, found.stderr
