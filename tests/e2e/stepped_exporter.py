"""The real service with a wall clock that is off by what a file says: `python -m tests.e2e.stepped_exporter`.

Arguments: the PKI directory, the file that holds the offset in seconds, and a kubeconfig where there is one; its API
server is asked for the time.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kubepki.clocks.host import HostClock, shifted_clock
from kubepki.service.serve import serve
from kubepki.settings import ClockSettings, Directory, Kubeconfig, PkiSettings, Settings, WebSettings


def served(arguments: Sequence[str], clock_of: Callable[[Callable[[], float]], HostClock] = shifted_clock) -> int:
    """Serve until a signal, with the clock that *clock_of* makes of what tells the offset; return the exit status."""
    directory, offset, *kubeconfigs = arguments
    settings = Settings(
        web=WebSettings(listen_addresses=("127.0.0.1:0",)),
        pki=PkiSettings(
            directories=(Directory(path=directory, explicit=True),),
            kubeconfigs=tuple(Kubeconfig(path=path, optional=False) for path in kubeconfigs),
            timezone="UTC",
        ),
        clock=ClockSettings(apiserver=bool(kubeconfigs)),
    )
    return serve(settings, lambda: settings, clock=clock_of(lambda: float(Path(offset).read_text())))


if __name__ == "__main__":
    sys.exit(served(sys.argv[1:]))
