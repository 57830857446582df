"""The real service with a wall clock that is off by what a file says: `python -m tests.e2e.stepped_exporter`.

Arguments: the PKI directory, the file that holds the offset in seconds, a kubeconfig where there is one, whose API
server is asked for the time, and NAME=URL for each other HTTPS server to ask, by the CA in `ca.pem` beside the
directory.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kubepki.clocks.host import HostClock, shifted_clock
from kubepki.service.serve import serve
from kubepki.settings import (
    ClockSettings,
    Directory,
    HttpsReference,
    Kubeconfig,
    PkiSettings,
    Settings,
    WebSettings,
)


def settings_of(arguments: Sequence[str]) -> Settings:
    """Return the settings that *arguments* mean, without the offset's file."""
    directory, *others = arguments
    kubeconfigs = [each for each in others if "=" not in each]
    references = [each.split("=", 1) for each in others if "=" in each]
    authority = str(Path(directory).parent / "ca.pem")
    return Settings(
        web=WebSettings(listen_addresses=("127.0.0.1:0",)),
        pki=PkiSettings(
            directories=(Directory(path=directory, explicit=True),),
            kubeconfigs=tuple(Kubeconfig(path=path, optional=False) for path in kubeconfigs),
            timezone="UTC",
        ),
        clock=ClockSettings(
            apiserver=bool(kubeconfigs),
            references=tuple(HttpsReference(name=name, url=url, ca_file=authority) for name, url in references),
        ),
    )


def served(arguments: Sequence[str], clock_of: Callable[[Callable[[], float]], HostClock] = shifted_clock) -> int:
    """Serve until a signal, with the clock that *clock_of* makes of what tells the offset; return the exit status."""
    directory, offset, *others = arguments
    settings = settings_of((directory, *others))
    return serve(settings, lambda: settings, clock=clock_of(lambda: float(Path(offset).read_text())))


if __name__ == "__main__":
    sys.exit(served(sys.argv[1:]))
