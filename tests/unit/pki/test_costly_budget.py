"""What a small file that asks for much may cost its process: CPU seconds and memory, by getrusage(2) of the child."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import costly, pki
from tests.support.running import environment

# Beside an ordinary file: the budget of a file, and what the process may take beyond what it has.
CPU_SECONDS = 1.5
MEMORY_BYTES = 144 << 20

_ASK = """
import json, resource, sys
from pathlib import Path
from kubepki.formats.parsed import Container
from kubepki.pki.parsing import TooCostlyError
from kubepki.pki.parsing_process import parsing_process
from kubepki.settings import ScanSettings

parser, data = parsing_process(ScanSettings()), Path(sys.argv[1]).read_bytes()
try:
    if sys.argv[1].endswith(".conf"):
        reasons = [fault.reason for fault in parser.read_kubeconfig(data).faults]
    else:
        container = Container.PKCS12 if sys.argv[1].endswith(".p12") else Container.PEM_OR_DER
        reasons = [fault.reason for fault in parser.read_file(data, None, container).parsed.faults]
except TooCostlyError:
    reasons = ["too_costly"]
parser.close()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, reasons]))
"""


def cost(path: Path) -> tuple[float, int, list[str]]:
    """Return the CPU seconds and the largest resident bytes of the process that parsed *path*, and its faults."""
    command = [sys.executable, "-c", _ASK, str(path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    seconds, memory, reasons = json.loads(done.stdout)
    return seconds, memory, reasons


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, int]:
    """Return what an ordinary file costs, the start of the process included."""
    path = tmp_path_factory.mktemp("ordinary") / "a.pem"
    path.write_bytes(pki.client(pki.authority()).pem)
    seconds, memory, reasons = cost(path)
    assert reasons == []
    return seconds, memory


@pytest.mark.parametrize("name", [*costly.FILES, "aliases.conf"])
def test_the_process_stays_within_its_budget(name: str, ordinary: tuple[float, int], tmp_path: Path) -> None:
    """Whatever the file asks for, and it is refused by name or read."""
    path = tmp_path / name
    path.write_bytes(costly.alias_kubeconfig() if name == "aliases.conf" else costly.FILES[name]())
    seconds, memory, reasons = cost(path)
    assert seconds - ordinary[0] < CPU_SECONDS
    assert memory - ordinary[1] < MEMORY_BYTES
    assert set(reasons) <= {"too_costly", "unparsable", "locked"}
