"""Keeps the service's one privilege to itself."""

import ctypes

# linux/prctl.h
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4


def give_no_privilege_on() -> None:
    """Clear the ambient capabilities of this thread and of those that it starts: no program that they start has any.

    What this process may do stays as it is (capabilities(7)). The parsing process could not give them up itself, for
    the unit's filter refuses capset(2).
    """
    ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
