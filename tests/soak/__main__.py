"""Soaks the service and prints the figures: `python -m tests.soak [SECONDS]`, half an hour by default."""

import sys
import tempfile
from pathlib import Path

from tests.soak.run import soak

P99_SECONDS = 0.05
MIB = 1 << 20
# What hostile clients hold open at a moment, more or less.
_CONNECTIONS = 50


def main() -> int:
    """Return 1 where an aim was missed."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1_800.0
    with tempfile.TemporaryDirectory(prefix="kubepki-soak-") as root:
        found = soak(Path(root), seconds)
    measured = found.measured
    p50, p99 = measured.share(0.5), measured.share(0.99)
    grown = measured.memory[1] - 1.2 * measured.memory[0]
    more = [last - early for early, last in (measured.descriptors, measured.threads)]
    aims = (
        (f"{len(measured.scrapes)} scrapes, p50", f"{p50 * 1000:.1f} ms", True),
        ("p99", f"{p99 * 1000:.1f} ms (aim 50)", p99 < P99_SECONDS),
        ("scrapes that failed", str(measured.failed), not measured.failed),
        (f"{found.rotations} rotations, the last one seen", str(found.seen), found.seen),
        (
            "descriptors, early and last",
            str(measured.descriptors),
            more[0] <= _CONNECTIONS,
        ),
        ("threads, early and last", str(measured.threads), more[1] <= _CONNECTIONS),
        (
            "anonymous memory, early and last",
            " ".join(f"{each / MIB:.1f} MiB" for each in measured.memory),
            grown < 4 * MIB,
        ),
        ("end after SIGTERM", f"{found.ended:.2f} s", found.ended < 1.0),
    )
    for what, figure, good in aims:
        print(f"{what:<42}{figure:>28}  {'' if good else 'MISSED'}")  # noqa: T201 - the output
    return 0 if all(good for *_, good in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
