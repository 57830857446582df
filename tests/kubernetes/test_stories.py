"""Real Kubernetes, wrong clocks, and what our own page and program tell a person to type: the node is Ready again."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.kubernetes.ground import NEEDED, UNSHARE
from tests.kubernetes.stories import STORIES
from tests.support.running import environment

PROGRAMS = (*NEEDED, "gcc", "etcd", "prometheus", "prometheus-alertmanager")
STORY_SECONDS = 420

pytestmark = pytest.mark.kubernetes


@pytest.fixture(scope="session")
def kubernetes(program: Callable[[str], Path]) -> str:
    """Return the folder of Kubernetes' programs; skip, or fail with CI=true, where something is not there."""
    for name in PROGRAMS:
        program(name)
    built = subprocess.run(
        ["sh", Path(__file__).with_name("build.sh"), "--cached"], capture_output=True, text=True, check=False
    )
    reason = "" if os.geteuid() == 0 else "only root can make a machine of its own"
    reason = reason or built.stderr.strip()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return built.stdout.strip()


@pytest.mark.parametrize("story", sorted(STORIES))
def test_what_is_printed_repairs_the_node(story: str, kubernetes: str, tmp_path: Path) -> None:
    """Each act shows what it must; what is typed is read from the page and from our own output."""
    words = ["unshare", *UNSHARE, sys.executable, "-m", "tests.kubernetes.play", story, str(tmp_path / "room")]
    print(f"\n{story}", flush=True)  # noqa: T201 - the acts are the result
    done = subprocess.run(
        [*words, f"--kubernetes={kubernetes}"],
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=STORY_SECONDS,
    )
    assert done.returncode == 0, done.stderr
