"""The page at `/`: what this is and where the metrics are. Pure."""

from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>kubepki-exporter</title></head>
<body>
<h1>kubepki-exporter</h1>
<p>Version {version}. Watches the PKI of this host.</p>
<ul>
<li><a href="{telemetry_path}">Metrics</a></li>
<li><a href="/-/healthy">Health</a></li>
<li><a href="/-/ready">Readiness</a></li>
</ul>
</body>
</html>
"""


def landing_page(*, version: str, telemetry_path: str) -> bytes:
    """Return the landing page as UTF-8 HTML."""
    return _PAGE.format(version=escape(version), telemetry_path=escape(telemetry_path)).encode()
