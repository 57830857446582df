"""Runs in the machine: does what it is sent as a shell script and answers with its status and output, as JSON."""

# It is copied into the machine and run there by the distribution's Python; nothing of ours can be imported.

import json
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer


class Agent(BaseHTTPRequestHandler):
    """One script for each request."""

    def do_POST(self) -> None:
        """Run the body."""
        script = self.rfile.read(int(self.headers["Content-Length"])).decode()
        done = subprocess.run(
            ["/bin/sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300
        )
        answer = json.dumps({"status": done.returncode, "output": done.stdout.decode("utf-8", "replace")}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)


HTTPServer(("0.0.0.0", 7000), Agent).serve_forever()  # noqa: S104 - the machine's network is the test's own
