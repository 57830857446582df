"""`(Snapshot, Reading)` to metric families to text.

Pure: no I/O, no clock, no thread.
The next room below is `config`.
"""
