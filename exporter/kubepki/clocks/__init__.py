"""The clocks of host, kernel, hardware and references, read into a `Reading`; what outlives a restart.

Edge: the only room that asks for the time or the network. It never judges a certificate.
The next room below is `web`.
"""
