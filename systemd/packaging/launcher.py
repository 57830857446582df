#!/usr/bin/python3 -I
"""Start the command from its private directory; the packages install this as /usr/bin/kubepki-exporter."""

import sys

sys.path.insert(0, "/usr/share/kubepki-exporter")

from kubepki.cli import main

sys.exit(main())
