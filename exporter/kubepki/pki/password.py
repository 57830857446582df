"""The password of PKCS#12 files, from the file that the settings name."""

from kubepki.disk import files
from kubepki.model import Fault
from kubepki.settings import ConfigError, PkiSettings

_MAX_PASSWORD_BYTES = 4_096


def read_password(pki: PkiSettings) -> bytes | None:
    """Return the password of PKCS#12 files without its line end; None where no file is named, ConfigError if unread."""
    if pki.password_file is None:
        return None
    outcome = files.read(pki.password_file, _MAX_PASSWORD_BYTES)
    if isinstance(outcome, Fault):
        what = f"the password file {pki.password_file} cannot be read: {outcome.detail}"
        raise ConfigError(what, where="--pki.password-file", hint="name a readable file with one line")
    return outcome[1].rstrip(b"\r\n")
