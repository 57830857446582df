"""Tests of `kubepki.formats`."""
