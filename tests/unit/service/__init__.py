"""Tests of `kubepki.service`."""
