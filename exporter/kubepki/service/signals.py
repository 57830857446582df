"""Makes a signal end a wait."""

import os
import select
import signal


def wake_at_signals(poller: select.poll) -> int:
    """Return a descriptor that each signal makes readable, registered with *poller*.

    A signal that comes while this thread waits for the interpreter's lock is handled only by the next byte code, and
    that may be behind a `poll` that nothing else would end.
    """
    signalled, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    poller.register(signalled, select.POLLIN)
    return signalled
