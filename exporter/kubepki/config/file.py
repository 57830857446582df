"""Reads the configuration file from the disk: bounded, and never waiting for a pipe or a dead mount."""

from kubepki.config.schema import parse_config, places_of
from kubepki.config.strict_yaml import MAX_BYTES
from kubepki.disk.own import read_own
from kubepki.texts import label_text


def read_config(path: str) -> tuple[dict[str, object], dict[str, str]]:
    """Return the values that the file at the absolute *path* chooses, by key, and their places, by flag.

    Raises ConfigError.
    """
    data = read_own(path, MAX_BYTES, hint="--config.file names the configuration file")
    source = label_text(path)
    chosen = parse_config(data, source=source, base=path.rpartition("/")[0] or "/")
    return chosen, places_of(data, source=source)
