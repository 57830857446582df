"""Measures a real exporter process: `python -m tests.bench`."""
