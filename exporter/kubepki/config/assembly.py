"""From chosen values to `Settings`, and what differs between two of them.

Rules of this module: pure.
"""

from collections.abc import Mapping
from typing import Any

from kubepki.config.option import Option
from kubepki.config.options import OPTIONS
from kubepki.settings import (
    ClockSettings,
    ConfigError,
    LogSettings,
    PkiSettings,
    ScanSettings,
    Settings,
    StateSettings,
    WebSettings,
)

# Whoever names a directory or a kubeconfig does not want the host's others beside it.
_IN_PLACE_OF_AUTO = ("pki.directories", "pki.kubeconfigs")


def assemble(
    chosen: Mapping[str, object], *, config_file: str | None = None, places: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings with the values *chosen* by key, and the defaults for all other keys.

    *places* are those of the values that *config_file* chose, by flag.

    Raises ConfigError where the values do not go together.
    """
    groups: dict[str, dict[str, Any]] = {}
    if not chosen.keys().isdisjoint(_IN_PLACE_OF_AUTO):
        groups["pki"] = {"presets": ()}
    for key, value in chosen.items():
        group, _, name = key.partition(".")
        groups.setdefault(group, {})[name] = value
    settings = Settings(
        web=WebSettings(**groups.get("web", {})),
        pki=PkiSettings(**groups.get("pki", {})),
        scan=ScanSettings(**groups.get("scan", {})),
        state=StateSettings(**groups.get("state", {})),
        clock=ClockSettings(**groups.get("clock", {})),
        log=LogSettings(**groups.get("log", {})),
        config_file=config_file,
        places=places or {},
    )
    pki = settings.pki
    if not (pki.directories or pki.files or pki.kubeconfigs or pki.presets):
        what = "nothing to look at: pki.directories, files, kubeconfigs and presets are all empty"
        raise ConfigError(what, where=config_file or "", hint="name at least one source")
    return settings


def restart_needed(running: Settings, wanted: Settings) -> tuple[str, ...]:
    """Return the keys whose change from *running* to *wanted* takes effect at the next start only."""
    return tuple(option.key for option in OPTIONS if option.fixed and _value(running, option) != _value(wanted, option))


def _value(settings: Settings, option: Option) -> object:
    value: object = getattr(getattr(settings, option.group), option.name)
    return value
