"""Where what takes minutes to make is kept over clones: the user's cache."""

import os
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubepki-exporter"
