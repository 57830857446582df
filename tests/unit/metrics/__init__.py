"""Tests of `kubepki.metrics`."""
