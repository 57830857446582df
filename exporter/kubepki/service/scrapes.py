"""The answer to a scrape: the page of the published snapshot, and the library's way for all that is not plain."""

import threading
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from kubepki.metrics.collector import Collector, View
from kubepki.metrics.exposition import Exposition, negotiate, render
from kubepki.metrics.page import Page


class Scrapes:
    """Renders `view`, a callable that returns what to tell now, and the families of the process."""

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view
        self.registry = CollectorRegistry()
        self.registry.register(Collector(view))
        self._others = (
            ProcessCollector(registry=self.registry),
            PlatformCollector(registry=self.registry),
            GCCollector(registry=self.registry),
        )
        self._lock = threading.Lock()
        self._page: Page | None = None

    def render(self, accept: str = "", names: Sequence[str] = ()) -> Exposition:
        """Return the scrape as the client accepts it; only the time series with one of *names* where there are any."""
        chosen = negotiate(accept)
        if names or chosen.form is None:
            return render(self.registry, accept, names)
        view = self._view()
        page = self._page_of(view)
        others = (metric for other in self._others for metric in other.collect())
        return Exposition(
            content_type=chosen.content_type,
            fixed=page.fixed(chosen.form),
            moving=page.moving(view, chosen.form, others),
        )

    def _page_of(self, view: View) -> Page:
        # Under the lock, so that scrapes that come together write the page once.
        with self._lock:
            if self._page is None or self._page.snapshot is not view.snapshot:
                self._page = Page(view.snapshot, self._page)
            return self._page
