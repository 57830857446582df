"""The running exporter: wiring, the scan loop, the journal, systemd.

Edge: the only room with signals, and with one mutable cell, what the scan loop has published.
The next room below is `clocks`.
"""
