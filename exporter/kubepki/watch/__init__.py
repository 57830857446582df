"""watchdog to "something changed", and when to look again.

Edge: it knows directories and events, never what is in a file.
The next room below is the ground: `model`, `settings`, `logs`.
"""
