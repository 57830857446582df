"""Tests of `kubepki.clocks`."""
