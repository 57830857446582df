"""Flags, configuration file and presets to `Settings`.

Edge: reads the one file that is named to it, and nothing of the PKI.
The next room below is `judgement`.
"""
