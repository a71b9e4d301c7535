"""What a monitor saw over time, thinned out: for the report."""

from __future__ import annotations

from dataclasses import dataclass, field

from simreal_perception.monitoring.measures.check_result import CheckStatus, State, StateChange
from simreal_perception.monitoring.monitor import Monitor

MOST_SAMPLES = 4000  # more are thinned out: every second one goes
FIRST_STEP_S = 0.2


@dataclass(eq=False)
class WatchRecord:
    """Figures and alarms of a run.

    Attributes:
        samples: time (s) and figures by check and name, in order.
        images: how many were judged.
        start: time of the first.
        end: of the last.
    """

    samples: list[tuple[float, dict[tuple[str, str], float]]] = field(default_factory=list)
    images: int = 0
    start: float | None = None
    end: float = 0.0
    events: tuple[StateChange, ...] = ()
    findings: tuple[CheckStatus, ...] = ()
    _step_s: float = FIRST_STEP_S

    def add(self, monitor: Monitor, time: float) -> None:
        """Take what the monitor says after an image."""
        self.images += 1
        self.start = time if self.start is None else self.start
        self.end = time
        self.events = tuple(monitor.events)
        self.findings = tuple(monitor.findings())
        if self.samples and 0 <= time - self.samples[-1][0] < self._step_s:
            return
        values = {
            (check, name): value
            for check, figures in monitor.values.items()
            for name, value in figures.items()
        }
        self.samples.append((time, values))
        if len(self.samples) > MOST_SAMPLES:
            self.samples = self.samples[::2]
            self._step_s *= 2

    def series(self, check: str, name: str) -> list[tuple[float, float]]:
        """A figure over the seconds since the first image."""
        start = self.start or 0.0
        return [
            (time - start, values[check, name])
            for time, values in self.samples
            if (check, name) in values
        ]

    def figures(self) -> list[tuple[str, str]]:
        """Checks and names of all figures, each once, in order."""
        found: dict[tuple[str, str], None] = {}
        for _, values in self.samples:
            found.update(dict.fromkeys(values))
        return list(found)

    @property
    def alarms(self) -> list[StateChange]:
        """What began to be wrong."""
        return [event for event in self.events if event.bad]

    @property
    def bad(self) -> list[CheckStatus]:
        """What is wrong at the end."""
        return [finding for finding in self.findings if finding.state is State.BAD]
