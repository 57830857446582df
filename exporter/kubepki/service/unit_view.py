"""What the service's unit hides: `--config.check`, typed at a shell, must not pass what the service cannot read."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping

from kubepki.disk.view import TEMPORARY, is_below
from kubepki.settings import ConfigError

UNIT = "kubepki-exporter.service"
_PROPERTIES = (
    "LoadState",
    "MainPID",
    "InaccessiblePaths",
    "ProtectHome",
    "PrivateTmp",
    "TemporaryFileSystem",
    "BindReadOnlyPaths",
    "BindPaths",
)
HOMES = ("/home", "/root", "/run/user")
_TIMEOUT_SECONDS = 5.0


def unit_properties() -> Mapping[str, str]:
    """Return the directives of the installed unit that hide paths; empty where there is no systemd or no unit.

    Empty within the unit, too: what the process sees there is the view.
    """
    if "INVOCATION_ID" in os.environ or not os.path.isdir("/run/systemd/system"):  # noqa: PTH112 - paths are str
        return {}
    names = ",".join(_PROPERTIES)
    try:
        done = subprocess.run(  # noqa: S603 - a constant command
            ("/usr/bin/env", "systemctl", "show", UNIT, f"--property={names}"),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    shown = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    return shown if shown.get("LoadState") == "loaded" else {}


def refuse_hidden(paths: Iterable[str], properties: Mapping[str, str]) -> None:
    """Raise ConfigError for the first of the absolute *paths* that a unit with *properties* cannot see."""
    for path in paths:
        found = hiding(path, properties)
        if found is not None:
            what = f"{UNIT} cannot see it: {found}"
            raise ConfigError(what, where=path, hint="keep it elsewhere or use LoadCredential=, see docs/security.md")


def hiding(path: str, properties: Mapping[str, str]) -> str | None:
    """Return the directive and the directory that hide *path* from a unit with *properties*, None where none does."""
    bound = [place for key in ("BindReadOnlyPaths", "BindPaths") for place in _paths(properties.get(key, ""))]
    masks = [("InaccessiblePaths", place) for place in _paths(properties.get("InaccessiblePaths", ""))]
    if properties.get("ProtectHome") in ("yes", "tmpfs"):
        masks += [("ProtectHome", place) for place in HOMES]
    if properties.get("PrivateTmp", "no") != "no":
        masks += [("PrivateTmp", place) for place in TEMPORARY]
    masks += [("TemporaryFileSystem", place) for place in _paths(properties.get("TemporaryFileSystem", ""))]
    for directive, place in masks:
        # The deeper mount wins: a directory that is bound below a mask is there.
        if is_below(path, place) and not any(is_below(path, each) and is_below(each, place) for each in bound):
            return f"{directive}={place}"
    return None


def _paths(text: str) -> list[str]:
    """Return the paths of a list of systemd: an optional `-` or `+` before, options behind a colon."""
    return [re.sub(r"^[-+]*", "", word).split(":")[0].rstrip("/") for word in text.split()]
