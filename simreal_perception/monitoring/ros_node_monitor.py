"""The monitor of perception_node: warnings, entries in /diagnostics, and a report of the run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from numpy import uint8
from numpy.typing import NDArray
from rclpy.node import Node

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_common.resources import named_path
from simreal_perception.monitoring.measures.check_result import State
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.monitor import Monitor
from simreal_perception.monitoring.watch_page import WatchFacts, watch_page
from simreal_perception.monitoring.watch_record import WatchRecord

Entry = tuple[Any, str, dict[str, str]]  # level, message, values of one in /diagnostics
REPORT_S = 30.0  # the report is written so often, and at the end


class NodeMonitor:
    """Watches what perception_node looks at.

    Args:
        node: warns.
        config: how it watches; None: not at all.
        facts: for the report.
        report: path of the page; empty: none.
        estimator: whose card says what the model was trained on; one without a card has no reference.

    Raises:
        ModelError: the card's reference cannot be used.
        ConfigurationError: the report cannot be written.
    """

    def __init__(
        self,
        node: Node,
        config: MonitorConfig | None,
        facts: WatchFacts,
        report: str,
        estimator: Any,
    ) -> None:
        self._logger = node.get_logger()
        self._facts = facts
        self._monitor: Monitor | None = None
        self._record: WatchRecord | None = None
        self._report = named_path("monitor.report", report)
        self._told = 0
        self._written_at = time.monotonic()
        if config is None:
            return
        self._monitor = Monitor.of(getattr(estimator, "card", None), config)
        if report:
            self._record = WatchRecord()
            self._write()

    def look(self, rgb: NDArray[uint8], seconds: float, estimates: Sequence[BlockEstimate]) -> None:
        """Judge an image; see `Monitor.look`."""
        monitor = self._monitor
        if monitor is None:
            return
        monitor.look(rgb, seconds, estimates)
        if self._record is not None:
            self._record.add(monitor, seconds)
        for event in monitor.events[self._told :]:
            if event.bad:
                self._logger.warning(f"{event.name}: {event.words}")
            else:
                self._logger.info(f"{event.name}: over")
        self._told = len(monitor.events)

    def entries(self) -> dict[str, Entry]:
        """An entry a check; writes the report now and then."""
        monitor = self._monitor
        if monitor is None:
            return {}
        if time.monotonic() - self._written_at > REPORT_S:
            self.write_report()
        return {
            f"watch {one.name}": (
                DiagnosticStatus.WARN if one.state is State.BAD else DiagnosticStatus.OK,
                one.words if one.state is not State.IDLE else f"cannot tell: {one.words}",
                {name: f"{value:.3g}" for name, value in one.values.items()},
            )
            for one in monitor.findings()
        }

    def set_min_score(self, min_score: float) -> None:
        """What is published scores as much from now on."""
        if self._monitor is not None:
            self._monitor.set_min_score(min_score)

    def write_report(self) -> None:
        """Write what was seen so far, where a report is asked for."""
        if self._record is None:
            return
        try:
            self._write()
        except ConfigurationError as error:
            self._logger.warning(str(error))

    def _write(self) -> None:
        assert self._record is not None
        self._written_at = time.monotonic()
        try:
            self._report.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._report, watch_page(self._facts, self._record))
        except OSError as error:
            raise ConfigurationError(
                f"cannot write monitor.report {self._report}: {error.strerror}; give a place that "
                "can be written"
            ) from error
