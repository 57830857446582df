"""Bytes to certificates, keys and kubeconfigs.

Pure and total: it never raises on any bytes, and no byte of a private key leaves it.
The next room below is `watch`.
"""
