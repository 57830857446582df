"""What the names of PKI files mean. Pure.

Sources: client-go's util/certificate/certificate_store.go (`PREFIX-2006-01-02-15-04-05.pem`, `PREFIX-current.pem`,
`PREFIX-updated.pem`, else `PREFIX.crt` with `PREFIX.key`) and the kubelet's static serving pair `kubelet.crt`,
`kubelet.key`.
"""

import re
from datetime import datetime, tzinfo
from functools import lru_cache

CERTIFICATE_SUFFIXES = (".pem", ".crt", ".cer", ".der", ".p12", ".pfx")
COMPONENT_SUFFIXES = (".pem", ".crt")
PKCS12_SUFFIXES = (".p12", ".pfx")
CURRENT = "-current.pem"
UPDATED = "-updated.pem"

# Of the kubelet's pairs that do not rotate: the link that is read in their place once it is there.
REPLACED_BY = {
    "kubelet.crt": "kubelet-server-current.pem",
    "kubelet-client.crt": "kubelet-client-current.pem",
    "kubelet-server.crt": "kubelet-server-current.pem",
}

NEVER_READ = (".", "#", "~")

# As people, editors, packages, file managers, merges and synchronisers name what they put aside.
_ASIDE = (
    "bak|backups?|old|orig|sav|saved?|tmp|temp|copy|swp|swo|prev|previous|disabled|part|partial|rpmsave|rpmnew|rpmorig"
    "|pacsave|pacnew|ucf-(?:old|new|dist)|dpkg-(?:old|new|dist|bak|tmp)"
)
_NUMBER = r"(?:[-_.]?\d[\d_.T-]*)?"
_WORD = "copy|kopie|copie|copia"
_COPY = re.compile(
    rf"(?:.+\.(?:{_ASIDE}){_NUMBER}|.+\.~\d+~|.+[.~]sync-conflict-.+|.+~\d{{8}}-\d{{6}}"
    r"|.+_(?:backup|base|local|remote)_\d+|(?:__salt\.)?tmp\.\w{6,}"
    rf"|(?:{_WORD})(?: \(\d+\))? (?:of|von|de|di) .+|.+ (?:{_WORD})(?: \d+)?|.+ ?\([^()]*\)"
    rf"|.+ - (?:{_WORD})(?: \(\d+\))?)"
    r"\.[a-z0-9]+",
    re.IGNORECASE | re.DOTALL,
)
_MARKS_OF_A_COPY = re.compile(r"[ ~(_]|\..*\.", re.DOTALL)
_PUT_ASIDE_DIRECTORY = re.compile(rf"(?:.*[-_.])?(?:{_ASIDE}){_NUMBER}|.+~|.+ ?\([^()]*\)|lost\+found", re.IGNORECASE)
_DATED = re.compile(r"(?P<prefix>.+)-(?P<stamp>\d{4}(?:-\d\d){5})\.pem", re.DOTALL)
_STAMP = "%Y-%m-%d-%H-%M-%S"


def is_certificate_name(name: str) -> bool:
    """Return whether a file of a PKI directory is looked at, by its name or its path."""
    last = name.rpartition("/")[2]
    return last.lower().endswith(CERTIFICATE_SUFFIXES) and not is_put_aside(last)


def is_put_aside(name: str) -> bool:
    """Return whether no component reads a file of this name, or of this path, in a directory of its own.

    Such are names that begin with a dot (an editor's lock `.#ca.crt`, a Mac's `._ca.crt`), an editor's copies
    (`#ca.crt#`, `~ca.crt`), and what says that it is a copy (`ca.bak.crt`, `ca (copy).crt`, `Copy of ca.crt`).
    """
    last = name.rpartition("/")[2]
    return last.startswith(NEVER_READ) or is_copy(last)


def is_copy(name: str) -> bool:
    """Return whether a name, or the last one of a path, says that it is a copy that somebody put aside."""
    name = name.rpartition("/")[2]
    # Most names have none of these marks.
    return _MARKS_OF_A_COPY.search(name) is not None and _COPY.fullmatch(name) is not None


def is_put_aside_directory(name: str) -> bool:
    """Return whether the name of a directory says that somebody put aside what is in it: `backup`, `tls.old`."""
    return _PUT_ASIDE_DIRECTORY.fullmatch(name) is not None


def is_component_name(name: str) -> bool:
    """Return whether components of Kubernetes name their files so: PEM, which Go reads; DER and PKCS#12 are others'."""
    return name.endswith(COMPONENT_SUFFIXES)


def is_pkcs12_name(name: str) -> bool:
    """Return whether the name says PKCS#12."""
    return name.lower().endswith(PKCS12_SUFFIXES)


# Asked of the same names several times in each scan.
@lru_cache(maxsize=4_096)
def dated_prefix(name: str) -> str | None:
    """Return `PREFIX` of `PREFIX-2006-01-02-15-04-05.pem`, None for another name."""
    match = _DATED.fullmatch(name)
    return match["prefix"] if match else None


def current_prefix(name: str) -> str | None:
    """Return `PREFIX` of `PREFIX-current.pem`, None for another name and for one that no component reads."""
    if not name.endswith(CURRENT) or name == CURRENT or is_put_aside(name):
        return None
    return name.removesuffix(CURRENT)


def remembered_links(paths: tuple[str, ...]) -> frozenset[str]:
    """Return those of *paths* that are expected once they were seen: `-current.pem`."""
    return frozenset(path for path in paths if current_prefix(path.rpartition("/")[2]) is not None)


def updated_prefix(name: str) -> str | None:
    """Return `PREFIX` of `PREFIX-updated.pem`, None for another name."""
    return name.removesuffix(UPDATED) if name.endswith(UPDATED) and name != UPDATED else None


def is_of_rotation(name: str) -> bool:
    """Return whether a name is one of client-go's: a dated one, `-current.pem` or `-updated.pem`."""
    if not name.endswith(".pem"):
        return False
    return name.endswith((CURRENT, UPDATED)) or (name[-5].isdigit() and dated_prefix(name) is not None)


def name_time(name: str, timezone: tzinfo | None) -> float | None:
    """Return the stamp in a dated name as Unix seconds, read in *timezone* (None: the host's); None without a stamp.

    The kubelet formats local time without an offset, so an hour of each autumn is ambiguous; the first of the two
    is taken, as `datetime` does.
    """
    match = _DATED.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match["stamp"], _STAMP).replace(tzinfo=timezone).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def sibling_key_name(name: str) -> str | None:
    """Return the name of the key file that pairs with a certificate file: `X.crt`, `X.key`; `X.pem`, `X-key.pem`."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        return None
    if suffix == "crt":
        return f"{stem}.key"
    if suffix == "pem" and not stem.endswith("-key"):
        return f"{stem}-key.pem"
    return None


def holds_key_by_nature(name: str) -> bool:
    """Return whether client-go writes this file, and so always with its private key."""
    return dated_prefix(name) is not None or current_prefix(name) is not None


def is_superseded_pair(name: str, names: frozenset[str]) -> bool:
    """Return whether *name* is the certificate of a pair that a link in the same directory has replaced.

    The kubelet reads `kubelet.crt`, and FileStore.Current() `PREFIX.crt`, only where there is no `PREFIX-current.pem`.
    """
    return REPLACED_BY.get(name) in names
