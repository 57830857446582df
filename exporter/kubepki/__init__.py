"""Watches a Kubernetes host's PKI and says what its certificates and clocks mean."""

__version__ = "0.1.0"
