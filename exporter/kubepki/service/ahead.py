"""What is begun before the service is loaded, which takes longer than all that it does before its first scrape."""

import gc

from kubepki.disk.start import LOOKING, PARSING, start_ahead
from kubepki.service.lean import import_library
from kubepki.service.privileges import give_no_privilege_on
from kubepki.settings import ScanSettings


def start_processes(settings: ScanSettings) -> None:
    """Start the two processes that the first look will ask: they load beside the service."""
    give_no_privilege_on()
    start_ahead(PARSING, str(settings.max_file_size))
    start_ahead(LOOKING)


def load_service() -> None:
    """Import the service and its libraries; nothing of it is garbage, now or later, so none is looked for."""
    gc.disable()
    import_library()
    import kubepki.service.serve  # noqa: F401, PLC0415 - what takes long

    gc.freeze()
    gc.enable()
