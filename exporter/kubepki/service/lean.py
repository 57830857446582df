"""prometheus-client without the HTTP servers and clients that it brings along and that nobody here uses.

Its package imports `http.server`, `wsgiref` and `urllib.request`, and these `email` and `ssl`: 8 MiB in each process of
each host. While it is imported, stand-ins take their places, from which it derives classes that are never used.
"""

import importlib.util
import sys
from types import ModuleType

LIBRARY = "prometheus_client"
_SERVERS = ("http.server", "urllib.request", "wsgiref.simple_server", "ssl")


class _StandIn(ModuleType):
    """A module in which every name is an empty class."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def import_library() -> None:
    """Import prometheus-client so that it costs little. Does nothing where it, or one of its servers, is there."""
    if LIBRARY in sys.modules:
        return
    absent = [name for name in _SERVERS if name not in sys.modules]
    sys.modules.update({name: _StandIn(name) for name in absent})
    try:
        importlib.import_module(LIBRARY)
    except Exception:  # noqa: BLE001 - a version that does more with them at once gets the real ones
        for name in [each for each in sys.modules if each.partition(".")[0] == LIBRARY]:
            del sys.modules[name]
    finally:
        for name in absent:
            del sys.modules[name]
