"""Whole hosts in virtual machines whose hardware clock is wrong: `make test-vm`. On demand; it needs root, not KVM."""
