"""`python -m kubepki` is the command `kubepki-exporter`."""

from kubepki.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
