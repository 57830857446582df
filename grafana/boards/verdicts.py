"""The tiles of the fleet board: how many, by how much, until when; each says in words when it does not know."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look, trouble
from grafana.boards.panels import Query, Words, tile
from grafana.boards.promql import as_date, select

CERTIFICATE_BOOKS = (look.runbook("KubePKICertificateFutureDated"), look.runbook("KubePKICertificateNotYetValid"))
LARGE, SMALL = 5, (6, 2)
NOBODY = "no exporter"


def large_row() -> tuple[gf.Panel, ...]:
    """Return what wakes somebody: how many hosts, by how much, until when."""
    return (
        _number(
            Words(
                title="Future-dated hosts",
                description=(
                    "Hosts that present a certificate whose NotBefore is in the future by Prometheus' clock or by a "
                    "reference clock. It may still work, as long as the API server's clock is wrong too."
                ),
            ),
            trouble.hosts(trouble.trouble(trouble.FUTURE, trouble.REJECTED)),
            size=(LARGE, 4),
        ),
        _number(
            Words(
                title="Rejected now",
                description=(
                    "Hosts whose certificate is not valid yet by the API server's own clock; where that cannot be "
                    "read, by the host's and Prometheus' clocks together. The API server answers them 401."
                ),
            ),
            trouble.hosts(trouble.trouble(trouble.REJECTED)),
            size=(LARGE, 4),
        ),
        lead(NOBODY, width=LARGE),
        valid_again("All valid again (UTC)", NOBODY, width=24 - 3 * LARGE),
    )


def small_row() -> tuple[gf.Panel, ...]:
    """Return what else may be wrong, in small tiles."""
    left = f"max without (path, entry, usage, standing) ({select(trouble.ENDING)} >= time() < time() + {7 * look.DAY})"
    return (
        _number(
            Words(
                title="Broken",
                description="Hosts with a current link or file whose fault breaks whoever uses it.",
            ),
            trouble.hosts(trouble.trouble(trouble.BROKEN)),
        ),
        _number(
            Words(
                title="Expired",
                description=(
                    "Hosts with a current certificate whose NotAfter has passed, by the clocks that count for "
                    "KubePKICertificateExpired."
                ),
            ),
            trouble.hosts(trouble.trouble(trouble.EXPIRED)),
        ),
        _number(
            Words(
                title="Expire < 7 d",
                description="Hosts on which a current certificate expires within seven days, by Prometheus' clock.",
            ),
            trouble.count(left),
            color=look.ORANGE,
        ),
        _number(
            Words(
                title="Expire soon",
                description=(
                    "Hosts with a current certificate that has less left than KubePKICertificateExpiring allows: it "
                    "should have been rotated already."
                ),
            ),
            trouble.hosts(trouble.trouble(trouble.ENDS_SOON, trouble.EXPIRING)),
            color=look.ORANGE,
        ),
        _number(
            Words(
                title="No fallback",
                description="Future-dated hosts on which no file passes every check of `rollback`.",
            ),
            trouble.hosts(trouble.without_fallback(trouble.FUTURE, trouble.REJECTED)),
        ),
        _number(
            Words(
                title="Wrong clocks",
                description="Hosts whose clock differs from Prometheus' by more than 2 min.",
            ),
            trouble.count(f"abs({select(trouble.SKEW)}) > {2 * look.MINUTE}"),
            color=look.ORANGE,
        ),
        _number(
            Words(
                title="Exporters down",
                description=(
                    "Scrape targets of kubepki-exporter that do not answer, or not with its metrics: nobody watches "
                    "those hosts."
                ),
            ),
            trouble.count(trouble.unseen()),
        ),
        tile(
            Words(
                title="Hosts watched", description="Hosts whose exporter reports now, and has certificates to report."
            ),
            (Query(expr=trouble.watched()),),
            mappings=look.words(trouble.ABSENCES),
            steps=look.thresholds((None, look.ORANGE), (0, look.BLUE)),
            no_value=NOBODY,
            size=SMALL,
        ),
    )


def lead(no_value: str, *, width: int) -> gf.Panel:
    """Return the largest lead, in hours and minutes."""
    return tile(
        Words(
            title="Ahead by",
            description="The largest lead of a NotBefore over the clock that it is most ahead of, not the host's.",
        ),
        (Query(expr=trouble.largest(trouble.trouble(trouble.FUTURE, trouble.REJECTED))),),
        unit="dtdurations",
        mappings=look.words({0: ("nothing ahead", look.GREEN), **trouble.ABSENCES}),
        no_value=no_value,
        size=(width, 4),
    )


def valid_again(title: str, no_value: str, *, width: int) -> gf.Panel:
    """Return when the last future-dated certificate becomes valid, as a date and from now."""
    latest = f"max({trouble.valid_from()})"
    # While a host is not scraped its trouble is held, its dates are not.
    held = f"0 * count({trouble.trouble(trouble.FUTURE, trouble.REJECTED)}) + {trouble.UNKNOWN}"
    return tile(
        Words(
            title=title,
            description="The latest NotBefore of a future-dated certificate: it heals by itself when that has passed.",
        ),
        (Query(expr=f"{as_date(latest)} or {held} or {trouble.all_well()}"), Query(expr=as_date(latest))),
        unit="dateTimeAsIso",
        second_unit="dateTimeFromNow",
        mappings=look.words({0: ("nothing ahead", look.GREEN), **trouble.ABSENCES}),
        no_value=no_value,
        size=(width, 4),
    )


def _number(words: Words, expr: str, *, color: str = look.RED, size: tuple[int, int] = SMALL) -> gf.Panel:
    return tile(
        words,
        (Query(expr=expr),),
        mappings=look.words({0: ("none", look.GREEN), **trouble.ABSENCES}),
        steps=look.thresholds((None, look.ORANGE), (1, color)),
        no_value=NOBODY,
        size=size,
    )
