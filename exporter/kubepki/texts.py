"""What others named, as text that is safe to show: in a label, a log, a terminal.

Rules of this module: pure, no imports of ours.
"""

# Characters. Distinguished names and serial numbers are far below it.
MAX_LABEL = 1_024
_KEPT_OF_LABEL = 512


def bounded_text(text: str) -> str:
    """Return *text*, or where it is longer than any honest label its beginning and its hash, which keeps it unique."""
    if len(text) <= MAX_LABEL:
        return text
    import hashlib  # noqa: PLC0415 - it brings OpenSSL's library along, which few hosts need for this

    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:_KEPT_OF_LABEL]}...sha256:{digest}"


def safe_text(text: str) -> str:
    r"""Return *text* with nothing in it that a log, a terminal or a reader could take for something else.

    Control characters, DEL, U+0080 to U+009F, bidirectional and other invisible marks, and bytes that are no UTF-8
    become the bytes that they are, each as `\xNN`; all that is left is printable, and a blank is a space.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _bytes_text(each) for each in text)


def label_text(path: str) -> str:
    r"""Return *path* as text of a label: safe, and a backslash doubled, so that `\xNN` is always a byte."""
    return safe_text(path.replace("\\", "\\\\"))


def path_label(path: str) -> str:
    """Return *path* as the value of a label: as `label_text` writes it, and not longer than any honest one."""
    return bounded_text(label_text(path))


def _bytes_text(character: str) -> str:
    # U+DC80 to U+DCFF are bytes (PEP 383); any other surrogate was written by somebody.
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", errors))
