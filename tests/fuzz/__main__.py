"""Fuzzes each parser for some seconds, two at a time: `python -m tests.fuzz [--seconds N] [--seed N] [TARGET…]`.

Needs atheris, which `make fuzz` installs. What it finds is kept below build/fuzz and fails the run; `--replay FILE`
shows it again. With a seed a search begins from nothing but its seeds and examines a number of inputs, the same ones at
each run on any machine; without one it goes on where the last one ended.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.oracle import examine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fuzz.targets import Target

HOME = Path("build/fuzz")
AT_A_TIME = 2
_MAX_BYTES = 1 << 16
# What is finite and slow is found by its CPU time; this is for what never ends, however busy the machine.
_HANG_SECONDS = 300
# Within the time of a repeated search, a machine may be this many times slower than one that it is meant for.
_PATIENCE = 20


def main() -> int:
    """Fuzz the chosen targets, each in a process of its own; return 1 where one of them found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="which; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=0, help="of a search that can be repeated; 0: of none")
    parser.add_argument("--one", action="store_true", help="fuzz the one TARGET in this process")
    parser.add_argument("--replay", type=Path, help="run the one TARGET on this file only")
    options = parser.parse_args()
    if options.replay is not None:
        examine(_targets()[options.targets[0]].run, options.replay.read_bytes())
        return 0
    if options.one:
        return _fuzz(options.targets[0], options.seconds, options.seed)
    names = options.targets or list(_targets())
    found = [name for name, status in _all(names, options.seconds, options.seed) if status]
    if found:
        print(f"findings in {', '.join(found)}: see {HOME}/*.log and {HOME}/*/found-*")  # noqa: T201 - the output
    return 1 if found else 0


def _all(names: list[str], seconds: int, seed: int) -> list[tuple[str, int]]:
    HOME.mkdir(parents=True, exist_ok=True)
    waiting, ended = list(names), []
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < AT_A_TIME:
                name = waiting.pop(0)
                command = [sys.executable, "-m", "tests.fuzz", "--one", f"--seconds={seconds}", f"--seed={seed}", name]
                # The order of sets decides which code is reached first.
                environment = os.environ | {"PYTHONHASHSEED": str(seed)} if seed else None
                with (HOME / f"{name}.log").open("wb") as log:
                    running[name] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
            for name, process in tuple(running.items()):
                if process.poll() is not None:
                    del running[name]
                    ended.append((name, process.returncode))
                    print(f"{name:<16}{_summary(name, process.returncode)}", flush=True)  # noqa: T201 - the output
            time.sleep(0.1)
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    return ended


def _summary(name: str, status: int) -> str:
    lines = (HOME / f"{name}.log").read_text(errors="replace").splitlines()
    done = next((line for line in reversed(lines) if line.startswith("Done ")), "")
    return done or f"status {status}: {next((line for line in lines if 'Error' in line), 'see the log')}"


def _fuzz(name: str, seconds: int, seed: int) -> int:
    import atheris  # noqa: PLC0415 - development only, and not everywhere

    with atheris.instrument_imports(include=["kubepki"]):
        target = _targets()[name]
    home = HOME / name
    corpus = home / ("repeated" if seed else "corpus")
    if seed:
        shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*target.seeds(), *(path.read_bytes() for path in target.found())]):
        (corpus / f"seed-{number}").write_bytes(data)
    words = home / "words"
    # libFuzzer's own spelling of a word.
    spelled = ("".join(rf"\x{byte:02x}" for byte in word) for word in target.words)
    words.write_text("".join(f'"{word}"\n' for word in spelled))
    extent = [f"-seed={seed}", f"-runs={seconds * target.each_second}"] if seed else []
    arguments = [
        name,
        *([f"-dict={words}"] if target.words else []),
        *extent,
        f"-max_total_time={seconds * (_PATIENCE if seed else 1)}",
        f"-max_len={_MAX_BYTES}",
        f"-timeout={_HANG_SECONDS}",
        f"-artifact_prefix={home}/found-",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        str(corpus),
    ]

    def plain(data: bytes, most: int) -> bytes:
        return bytes(atheris.Mutate(data, most))

    def mutate(data: bytes, most: int, chance: int) -> bytes:
        assert target.mutate is not None
        return target.mutate(data, most, chance, plain)

    more = {"custom_mutator": mutate} if target.mutate else {}
    atheris.Setup(arguments, lambda data: examine(target.run, data), **more)
    atheris.Fuzz()
    return 0


def _targets() -> "Mapping[str, Target]":
    # Imported late, so that atheris can instrument what it imports.
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - see above

    return {each.name: each for each in TARGETS}


if __name__ == "__main__":
    sys.exit(main())
