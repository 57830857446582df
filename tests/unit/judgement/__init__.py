"""Tests of `kubepki.judgement`."""
