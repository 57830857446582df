"""No command of a page can be forgotten: each is walked, run elsewhere, or left to the reader with a reason."""

from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.walk.pages import commands_of, typed
from tests.walk.visits import CHOICES, ELSEWHERE, VISITS

PAGE = """
Type `make deb` or `make`, then `systemctl restart x`; `kubelet.conf` is a file.

```sh
# a comment
cd somewhere      # why
printf '#'
```

  ```
  kubectl get node | grep x
  NAME   READY
  ```

```yaml
make: nothing
```
"""


def test_what_is_typed_is_found() -> None:
    """Lines of sh without comments, programs in plain blocks and in sentences; no names, no other blocks."""
    assert [text for _, text in commands_of(PAGE)] == [
        "make deb",
        "systemctl restart x",
        "cd somewhere",
        "printf '#'",
        "kubectl get node | grep x",
    ]


def test_each_command_has_its_place() -> None:
    """A new or changed command is in one of the tables of tests/walk/visits.py, and nothing there is in no page."""
    known = Counter([*{each.text for each in VISITS}, *ELSEWHERE, *CHOICES])
    assert [text for text, times in known.items() if times > 1] == []
    places = {each.text: each.place for each in typed()}
    assert {text: place for text, place in places.items() if text not in known} == {}, "walk them, or say who does"
    assert sorted(set(known) - set(places)) == [], "no page has these any longer"


@pytest.mark.parametrize("name", sorted(set(ELSEWHERE.values())))
def test_who_runs_it_is_there(name: str) -> None:
    """Whoever is said to run a command exists."""
    assert (ROOT / name).is_file()
