"""Tests that boot a real Debian with a real systemd, and install the real packages in it."""
