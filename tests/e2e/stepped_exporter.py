"""The real service with a wall clock that is off by what a file says: `python -m tests.e2e.stepped_exporter`.

Arguments: the PKI directory and the file that holds the offset in seconds.
"""

import sys
from pathlib import Path

from kubepki.clocks.host import shifted_clock
from kubepki.service.serve import serve
from kubepki.settings import ClockSettings, Directory, PkiSettings, Settings, WebSettings


def main() -> int:
    """Serve until a signal."""
    directory, offset = sys.argv[1:]
    settings = Settings(
        web=WebSettings(listen_addresses=("127.0.0.1:0",)),
        pki=PkiSettings(directories=(Directory(path=directory, explicit=True),), kubeconfigs=(), timezone="UTC"),
        clock=ClockSettings(apiserver=False),
    )
    return serve(settings, lambda: settings, clock=shifted_clock(lambda: float(Path(offset).read_text())))


if __name__ == "__main__":
    sys.exit(main())
