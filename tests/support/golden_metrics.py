"""The scrape of each scenario as kept in `tests/golden/metrics`: `python -m tests.support.golden_metrics` writes them.

What differs at each run (the root of the tree, fingerprints and serials) is replaced by a placeholder; everything else
stays as it is.
"""

import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from kubepki.metrics.collector import Collector, View
from kubepki.model import Health, Reason, Rotation
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support.scenarios import NOW, SCENARIOS, Scenario

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "metrics"
HEALTH = Health(version="0.0.0", python_version="3.11.0", scans=1, last_scan_time=NOW, last_reload_success_time=NOW)


def render(scenario: Scenario, root: Path) -> str:
    """Return the text of a scrape of *scenario*, built below *root*."""
    settings = scenario.build(root)
    remembered = frozenset(str(root / path) for path in scenario.remembered)
    result = Scanner(settings, ScanSettings()).scan(remembered)
    health = replace(
        HEALTH,
        symlink_changes=tuple((state.path, 0) for state in result.snapshot.paths if state.link),
        watch_up=tuple((path, True) for path in result.configured),
        # As if each costly path had been looked at for so long.
        slow_paths=tuple(
            (state.path, 1.5)
            for state in result.snapshot.paths
            for fault in state.faults
            if fault.reason is Reason.TOO_COSTLY
        ),
    )
    # As if the service had seen each link change a moment ago.
    rotations = tuple(
        Rotation(path=state.path, target=state.link.target, clock_synchronized=scenario.reading.synchronized)
        for state in result.snapshot.paths
        if state.link
    )
    view = View(snapshot=result.snapshot, reading=replace(scenario.reading, rotations=rotations), health=health)
    registry = CollectorRegistry()
    registry.register(Collector(lambda: view))
    return generate_latest(registry).decode()


def normalized(text: str, root: Path) -> str:
    """Return *text* with a placeholder for each value that is new at each run."""
    text = text.replace(os.path.realpath(root), "/ROOT").replace(str(root), "/ROOT")
    text = re.sub(r'fingerprint_sha256="[0-9a-f]{64}"', 'fingerprint_sha256="FINGERPRINT"', text)
    return re.sub(r'serial="[0-9A-F]+"', 'serial="SERIAL"', text)


def main() -> None:
    """Write all golden scrapes and remove those without a scenario."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    wanted = {f"{scenario.name}.prom" for scenario in SCENARIOS}
    for path in GOLDEN.glob("*.prom"):
        if path.name not in wanted:
            path.unlink()
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as root:
            (GOLDEN / f"{scenario.name}.prom").write_text(normalized(render(scenario, Path(root)), Path(root)))


if __name__ == "__main__":
    main()
