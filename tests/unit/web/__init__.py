"""Tests of `kubepki.web`."""
