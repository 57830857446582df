"""What a page tells a person to type is what `rollback` has to get, whatever a path is called."""

import re
import shlex

import yaml

from tests.rules.test_consistency import RULES


def test_the_printed_command_holds_the_path_as_one_word() -> None:
    """Each expected page about an odd path, which promtool holds to the rules, gives the path to the shell whole."""
    document = yaml.safe_load((RULES / "tests" / "words.test.yml").read_text(encoding="utf-8"))
    alerts = [alert for test in document["tests"] for each in test["alert_rule_test"] for alert in each["exp_alerts"]]
    assert len(alerts) > 1
    for alert in alerts:
        found = re.search(r'run "(.+)" and do what it prints', alert["exp_annotations"]["description"])
        assert found
        command = shlex.split(found[1])
        assert command[:3] == ["kubepki-exporter", "rollback", "--apply"]
        assert command[-1] == alert["exp_labels"]["path"]
        assert len(command) == len(["kubepki-exporter", "rollback", "--apply", "--at", "TIME", "PATH"])
