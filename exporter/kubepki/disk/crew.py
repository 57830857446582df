"""Threads that perform calls, of which any may hang: one that does is left to itself, and another takes its place.

What hangs is not asked again until it has come back: not the path, not what lies below it, and after two paths of one
directory, or four of one mount, nothing else there.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubepki.disk.calls import MOVED, NO_ANSWER, Call, content_size
from kubepki.disk.located import Mark
from kubepki.disk.mounts import mount_points, mount_table

TICK_SECONDS = 0.005
# What counts of the time between two ticks: where it is more, this process itself did not run, and that is no path's.
_LAP_SECONDS = 0.1
MAX_LOST = 16
MAX_AT_WORK = 8
LATER = "later"
_OF_ONE_DIRECTORY = 2
_OF_ONE_MOUNT = 4

# Since when, at which call, and at which path.
_At = tuple[float, int, str]


def _mounts_seen() -> tuple[str, ...]:
    """Return the mount points of this process's view; asks the kernel, no file system."""
    return mount_points(mount_table())


class Crew:
    """Performs batches of calls, one batch at a time. *returned* is called from any thread when a lost one is back."""

    def __init__(
        self,
        perform: Callable[[Call], Any],
        *,
        returned: Callable[[], None],
        mounts: Callable[[], Sequence[str]] = _mounts_seen,
    ) -> None:
        self._perform = perform
        self._returned = returned
        self._mounts = mounts
        self._lock = threading.Lock()
        self._lost: dict[str, tuple[float, int]] = {}
        self._below: tuple[str, ...] = ()

    def lost(self) -> Mapping[str, float]:
        """Return the paths that do not answer, and since when (monotonic seconds)."""
        with self._lock:
            return {path: since for path, (since, _) in self._lost.items()}

    def perform(
        self, batch: Sequence[Call], *, seconds: float, room: int, tick: Callable[[str | None, float], None]
    ) -> list[Any]:
        """Return an answer for each call of *batch*, NO_ANSWER for what takes longer than *seconds*.

        Once the answers hold *room* bytes of content the rest is LATER. *tick* is called now and then with the path
        that has been looked at for longest, and since when.
        """
        run = _Run(self, batch, room)
        before = time.monotonic()
        while not run.done.wait(TICK_SECONDS):
            now = time.monotonic()
            lap, before = min(now - before, _LAP_SECONDS), now
            busy = [each for each in run.workers if each.at is not None]
            moved = False
            for worker in busy:
                at = worker.at
                if at is None:
                    continue
                if worker.waited(at, min(lap, now - at[0])) > seconds:
                    self._give_up(run, worker, at)
                moved = moved or now - at[0] < TICK_SECONDS
            if not moved:
                run.hire()
            longest = min((each.at for each in run.workers if each.at is not None), default=None)
            tick(longest[2] if longest else None, longest[0] if longest else now)
            run.end_if_done()
        return run.answers

    def is_silent(self, path: str) -> bool:
        """Return whether *path* lies where something does not answer now."""
        lost = self._lost
        if not lost:
            return False
        if path in lost or path.startswith(self._below):
            return True
        parent = path.rpartition("/")[0]
        if sum(each.rpartition("/")[0] == parent for each in tuple(lost)) >= _OF_ONE_DIRECTORY:
            return True
        while parent:
            if parent in lost:
                return True
            parent = parent.rpartition("/")[0]
        return False

    def _give_up(self, run: "_Run", worker: "_Worker", at: "_At") -> None:
        path = at[2]
        with self._lock:
            if worker.at != at:
                return
            run.workers.remove(worker)
            worker.path = path
            self._lost = {**self._lost, path: (at[0], self._lost.get(path, (0.0, 0))[1] + 1)}
            self._below = self._silent_mounts()
            run.answers[at[1]] = NO_ANSWER
            run.left -= 1
        run.hire()

    def come_back(self, path: str) -> None:
        """Note that a lost thread has its answer, which nobody waits for any more."""
        with self._lock:
            since, count = self._lost[path]
            kept = {each: value for each, value in self._lost.items() if each != path}
            self._lost = {**kept, path: (since, count - 1)} if count > 1 else kept
            self._below = self._silent_mounts()
        self._returned()

    def work(self, worker: "_Worker", run: "_Run") -> None:
        """Take calls of *run* until there is none; for a thread of its own."""
        while True:
            try:
                position = run.todo.popleft()
            except IndexError:
                return
            call = run.batch[position]
            if run.room <= 0 or self.is_silent(call[1]):
                answer = LATER if run.room <= 0 else NO_ANSWER
            else:
                # A mistake of ours costs the path that it is about, and no thread.
                try:
                    answer = self._answer(worker, position, call)
                except Exception:  # noqa: BLE001 - whatever it is
                    answer = NO_ANSWER
            with self._lock:
                worker.at = None
                if worker.path is None:
                    run.take(position, answer)
            if worker.path is not None:
                self.come_back(worker.path)
                return

    def _answer(self, worker: "_Worker", position: int, call: Call) -> Any:  # noqa: ANN401 - of the call's own kind
        if call[0] == MOVED:
            return self._look_through(worker, position, call[2])
        worker.at = (time.monotonic(), position, call[1])
        return self._perform(call)

    def _look_through(self, worker: "_Worker", position: int, marks: Sequence[Mark]) -> Any:  # noqa: ANN401 - as there
        """Return which of *marks* have moved, each with the time that a path may take; NO_ANSWER where one is lost."""
        moved = []
        for mark in marks:
            if self._lost:
                # One at a time, then, and what does not answer is not asked.
                return NO_ANSWER
            worker.at = (time.monotonic(), position, mark[0])
            moved += self._perform((MOVED, mark[0], (mark,)))
        return tuple(moved)

    def may_hire(self) -> bool:
        """Return whether another thread may be started."""
        return len(self._lost) < MAX_LOST

    def _silent_mounts(self) -> tuple[str, ...]:
        if len(self._lost) < _OF_ONE_MOUNT:
            return ()
        counts: dict[str, int] = {}
        places = sorted((f"{each}/" for each in self._mounts() if each != "/"), key=len, reverse=True)
        for path in self._lost:
            place = next((each for each in places if path.startswith(each)), None)
            if place is not None:
                counts[place] = counts.get(place, 0) + 1
        return tuple(place for place, count in counts.items() if count >= _OF_ONE_MOUNT)


class _Worker:
    """One thread: since when it is at which call, and the path for which it was given up."""

    def __init__(self) -> None:
        self.at: _At | None = None
        self.path: str | None = None
        self._seen: _At | None = None
        self._waited = 0.0

    def waited(self, at: _At, lap: float) -> float:
        """Return for how many seconds this process has waited for the call *at*, with *lap* that have just passed."""
        self._waited = lap if at is not self._seen else self._waited + lap
        self._seen = at
        return self._waited


class _Run:
    """One batch at work."""

    def __init__(self, crew: Crew, batch: Sequence[Call], room: int) -> None:
        self._crew = crew
        self.batch = batch
        self.todo = deque(range(len(batch)))
        self.answers: list[Any] = [NO_ANSWER] * len(batch)
        self.left = len(batch)
        self.room = room
        self.workers: list[_Worker] = []
        self.done = threading.Event()
        self.hire()
        self.end_if_done()

    def hire(self) -> None:
        """Start another thread where there is work for it and one may be started."""
        if self.todo and len(self.workers) < MAX_AT_WORK and self._crew.may_hire():
            worker = _Worker()
            self.workers.append(worker)
            threading.Thread(target=self._crew.work, args=(worker, self), name="look", daemon=True).start()

    def take(self, position: int, answer: Any) -> None:  # noqa: ANN401 - of the call's own kind
        """Take the answer to one call; under the crew's lock."""
        self.answers[position] = answer
        self.left -= 1
        self.room -= content_size(answer)
        self.end_if_done()

    def end_if_done(self) -> None:
        """Wake who waits once all calls are answered, or given up with nobody left to perform the others."""
        if not self.left or (not self.workers and not self._crew.may_hire()):
            self.done.set()
