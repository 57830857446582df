"""Tests of `kubepki.config`."""
