"""The password of PKCS#12 files, from the file that the settings name."""

from kubepki.disk.own import read_own
from kubepki.settings import PkiSettings

_MAX_PASSWORD_BYTES = 4_096


def read_password(pki: PkiSettings) -> bytes | None:
    """Return the password of PKCS#12 files without its line end; None where no file is named, ConfigError if unread."""
    if pki.password_file is None:
        return None
    data = read_own(
        pki.password_file,
        _MAX_PASSWORD_BYTES,
        what=f"the password file {pki.password_file}",
        where="--pki.password-file",
        hint="name a readable file with one line",
    )
    return data.rstrip(b"\r\n")
