"""Tests of `kubepki.pki`."""
