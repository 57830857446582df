"""Calls into the X.509 library so that nothing escapes: no exception, no warning, no content in an error.

Rules of this module: pure. It is the only place that catches everything.
"""

import re
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_KIND = re.compile(r"kind: ([A-Za-z]{1,40})")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The library refused; `kind` is the name of the error, never its text, which may quote a file."""

    kind: str


def quiet() -> AbstractContextManager[object]:
    """Return a context in which the library's warnings about odd files are neither errors nor lines on stderr."""
    return warnings.catch_warnings(action="ignore")


def attempt(call: Callable[[], T]) -> T | Refusal:
    """Return what *call* returns, or a `Refusal` if it raises anything but a request to stop the process."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever a library does with hostile bytes is a fact about the bytes
        return Refusal(_kind(error))
    except BaseException as error:
        # A panic in the library's Rust code arrives as pyo3's PanicException, which derives from BaseException and
        # cannot be imported. It says that these bytes cannot be read, and must not end the service.
        if type(error).__name__ != "PanicException":
            raise
        return Refusal("panic")


def _kind(error: Exception) -> str:
    # rust-asn1 writes `ParseError { kind: ShortData, … }`: the kind is a word of a closed list.
    found = _KIND.search(str(error)) if isinstance(error, ValueError) else None
    return found[1] if found else type(error).__name__
