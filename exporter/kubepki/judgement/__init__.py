"""`(Snapshot, Reading)` to findings and advice.

Pure: no I/O, no clock. Every output takes its verdict from here.
The next room below is `formats`.
"""
