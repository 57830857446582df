"""The PKI directory of the incident, for `make run` on a machine that has none.

`python -m tests.support.incident DIRECTORY -- COMMAND…` runs the command on this host's PKI directory where there is
one, and otherwise on a generated copy of the incident's: a current link to a future-dated certificate, the previous one
beside.
"""

import os
import shutil
import sys
import time
from pathlib import Path

from tests.support import pki

LEAD = 2 * pki.HOUR + 11 * 60
HOST_DIRECTORY = Path("/var/lib/kubelet/pki")
BACKDATED = 300.0


def build_incident(directory: Path, now: float) -> None:
    """Write the incident's directory as it looks once the clocks are right again, *now* being the true time."""
    ca = pki.authority(not_before=now - pki.YEAR)
    key = pki.new_key()
    issued = (now - 300 * pki.DAY, now + LEAD)
    for moment in issued:
        pair = pki.client(ca, not_before=moment - BACKDATED, key=key)
        stamp = time.strftime("%Y-%m-%d-%H-%M-%S", time.localtime(moment))
        for _ in pki.rotate(directory, "kubelet-client", pair.pem, stamp):
            pass
        dated = directory / f"kubelet-client-{stamp}.pem"
        os.utime(dated, (moment, moment))
    serving = pki.self_signed(not_before=now - 300 * pki.DAY)
    (directory / "kubelet.crt").write_bytes(serving.certificate_pem)
    key_file = directory / "kubelet.key"
    key_file.touch(mode=0o600)
    key_file.write_bytes(serving.key_pem)


def say(text: str) -> None:
    """Print a line before the exporter takes the process over."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: list[str]) -> None:
    """Run the command behind `--`, on the host's directory or on a generated one."""
    directory, command = Path(argv[0]).resolve(), argv[argv.index("--") + 1 :]
    named = any(argument.startswith(("--pki.", "--config.file")) for argument in command)
    say("The metrics are at http://localhost:10509/metrics (unless ARGS names another address).")
    if not named and not HOST_DIRECTORY.is_dir():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        build_incident(directory, time.time())
        say(f"This host has no {HOST_DIRECTORY}: watching a generated copy of the incident in {directory}.")
        command += [f"--pki.directory={directory}"]
    os.execvp(command[0], command)  # noqa: S606 - the command is the Makefile's


if __name__ == "__main__":
    main(sys.argv[1:])
