"""Disk to `Snapshot`: sources, scan, roles of files, fallbacks, publication.

Edge: the only room that reads PKI from the disk. No clock: what depends on now is not decided here.
The next room below is `metrics`.
"""
