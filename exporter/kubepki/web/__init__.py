"""The HTTP(S) server, the web configuration, the pages.

Edge: bytes of strangers. It never touches the PKI and knows nothing of it but text that is given to it.
The next room below is `pki`.
"""
