"""What of a configuration can be checked without serving."""

import logging
from typing import TYPE_CHECKING

from kubepki.clocks.setup import remote_clocks
from kubepki.pki.password import read_password
from kubepki.service.unit_view import refuse_hidden, unit_properties
from kubepki.settings import HttpsReference, Settings

if TYPE_CHECKING:
    from kubepki.web.config import WebConfig

log = logging.getLogger(__name__)


def check_config(settings: Settings) -> int:
    """Check what can be checked without serving; raise ConfigError, or say that it is good and return 0."""
    read_password(settings.pki)
    remote_clocks(settings.clock.references)
    # The file itself may be a copy that is checked before it is put into its place.
    named = [settings.pki.password_file]
    named += [each.ca_file for each in settings.clock.references if isinstance(each, HttpsReference)]
    if settings.web.config_file is not None:
        named += open_web_config(settings.web.config_file).files()
    refuse_hidden(filter(None, named), unit_properties())
    print("the configuration is valid")  # noqa: T201 - the answer of --config.check
    return 0


def open_web_config(path: str) -> "WebConfig":
    """Return the web configuration in *path*; raise ConfigError where it cannot be used."""
    from kubepki.web.config import WebConfig  # noqa: PLC0415 - most hosts have none, and it brings PyYAML along

    return WebConfig(path, report=_report)


def _report(message: str, error: BaseException | None) -> None:
    log.log(logging.WARNING if error else logging.INFO, "%s", message)
