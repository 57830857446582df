"""Tests of `kubepki.commands`."""
