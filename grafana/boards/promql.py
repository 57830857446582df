"""Pieces of PromQL: every selector of every panel comes from here, so that none lacks the variables' matchers."""

# `$cluster|` also matches series without a cluster label: most Prometheus servers watch one cluster and set none.
CLUSTER = 'cluster=~"$cluster|"'
HOST_TIME = "kubepki_host_time_seconds"
VARIABLES = f'job=~"$job", instance=~"$instance", {CLUSTER}'


def select(name: str, *matchers: str) -> str:
    """Return an instant selector of series *name* on the chosen hosts, with further *matchers*."""
    return f"{name}{{{', '.join((VARIABLES, *matchers))}}}"


def select_job(name: str, *matchers: str) -> str:
    """Return a selector of series *name* about the chosen jobs; most have no instance, which `$instance|` lets pass."""
    variables = VARIABLES.replace('"$instance"', '"$instance|"')
    return f"{name}{{{', '.join((variables, *matchers))}}}"


def current(name: str, *matchers: str) -> str:
    """Return a selector of series *name* for what a component presents now."""
    return select(name, 'standing="current"', *matchers)


def increase(counter: str, *matchers: str) -> str:
    """Return by how much *counter* rose between two points of a graph."""
    return f"increase({select(counter, *matchers)}[$__rate_interval])"


def as_date(expression: str) -> str:
    """Return a timestamp in seconds as the milliseconds that Grafana's dates are."""
    return f"1000 * ({expression})"


def named(expression: str, label: str, value: str) -> str:
    """Return *expression* with *label* set to *value*."""
    return f'label_replace({expression}, "{label}", "{value}", "", "")'
