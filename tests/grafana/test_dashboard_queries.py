"""Every expression of the boards is PromQL."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.grafana.boards import UIDS, board, filled, targets


def test_every_target_and_annotation_parses(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Promtool accepts each as the expression of a recording rule."""
    exprs = [target["expr"] for _, _, target in targets()]
    exprs += [annotation["expr"] for uid in UIDS for annotation in board(uid)["annotations"]["list"]]
    rules = [{"record": f"target:{index}", "expr": filled(expr)} for index, expr in enumerate(exprs)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "targets", "rules": rules}]}))
    done = subprocess.run(
        [program("promtool"), "check", "rules", "--lint=none", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
