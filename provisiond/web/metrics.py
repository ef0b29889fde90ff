"""How are the daemon's plain counters shown to Prometheus?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of now. `name` without prefix and suffix; a counter only ever rises."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    is_counter: bool = False


class _Figures(Collector):
    def __init__(self, read: Callable[[], Iterable[Figure]]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for figure in self._read():
            names = [name for name, _ in figure.labels]
            family = families.get(figure.name)
            if family is None:
                kind = CounterMetricFamily if figure.is_counter else GaugeMetricFamily
                family = kind(f"provisiond_{figure.name}", figure.help, labels=names)
                families[figure.name] = family
            family.add_metric([value for _, value in figure.labels], figure.value)  # type: ignore[attr-defined]
        return families.values()


def registry_of(read: Callable[[], Iterable[Figure]]) -> CollectorRegistry:
    """A registry that asks `read` for its numbers at each scrape."""
    registry = CollectorRegistry()
    registry.register(_Figures(read))
    return registry
