"""Where the single file starts: the command, or one of its processes, for which the file starts itself again."""

# ruff: noqa: INP001 - a script that is frozen, in no package

import importlib
import os
import sys

from kubepki.disk.start import SINGLE_FILE_RUNS


def _leave_no_trace_in_the_environment() -> None:
    """Give the programs that we start the host's libraries, not those that this file unpacked."""
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is None:
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = before


def _find_authorities() -> None:
    """Look for the host's authorities where RHEL keeps them, too: OpenSSL here was told Debian's place."""
    rhel = "/etc/pki/tls/certs/ca-bundle.crt"
    if "SSL_CERT_FILE" not in os.environ and not os.path.exists("/etc/ssl/cert.pem") and os.path.exists(rhel):  # noqa: PTH110 - pathlib costs the start 10 ms
        os.environ["SSL_CERT_FILE"] = rhel


def _main() -> int:
    if sys.argv[1:2] == [SINGLE_FILE_RUNS]:
        module = sys.argv[2]
        del sys.argv[1:3]
        importlib.import_module(f"kubepki.{module.removeprefix('kubepki.')}").main()
        return 0
    _leave_no_trace_in_the_environment()
    _find_authorities()
    from kubepki.cli import main  # noqa: PLC0415 - the processes do without it

    return main()


sys.exit(_main())
