"""Tests of `kubepki.watch`."""
