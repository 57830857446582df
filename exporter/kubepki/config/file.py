"""Reads the configuration file from the disk: bounded, and never waiting for a pipe."""

import os
import stat

from kubepki.config.schema import parse_config, places_of
from kubepki.config.strict_yaml import MAX_BYTES
from kubepki.model import label_text
from kubepki.settings import ConfigError


def read_config(path: str) -> tuple[dict[str, object], dict[str, str]]:
    """Return the values that the file at the absolute *path* chooses, by key, and their places, by flag.

    Raises ConfigError.
    """
    data, source = _read(path), label_text(path)
    chosen = parse_config(data, source=source, base=path.rpartition("/")[0] or "/")
    return chosen, places_of(data, source=source)


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                what = "not a regular file"
                raise ConfigError(what, where=path, hint="--config.file names the configuration file")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise ConfigError(what, where=path, hint="--config.file names the configuration file") from None
