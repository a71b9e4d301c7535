"""How a stream of images does, in /diagnostics: its rates, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus

from simreal_common.ros_messages import DiagnosticEntry
from simreal_perception.health.throughput import Report


def images_entry(report: Report, topic: str, info_age_s: float | None) -> DiagnosticEntry:
    """Rates, latency, age of the calibration."""
    values = {
        "topic": topic,
        "images heard (1/s)": f"{report.heard:.1f}",
        "images looked at (1/s)": f"{report.looked:.1f}",
        "latency, median (ms)": _milliseconds(report.latency),
        "latency, longest (ms)": _milliseconds(report.worst_latency),
        "time for an image, longest (ms)": _milliseconds(report.work),
        "age of camera_info (s)": "none has come" if info_age_s is None else f"{info_age_s:.1f}",
        "blocks": str(report.blocks),
    }
    if not report.heard:
        return DiagnosticStatus.ERROR, f"no images on {topic}", values
    if info_age_s is None:
        return DiagnosticStatus.ERROR, "no camera calibration", values
    if not report.looked:
        return DiagnosticStatus.ERROR, "images come and none can be used", values
    return DiagnosticStatus.OK, f"{report.looked:.1f} images a second", values


def inputs_entry(complaints: Mapping[str, str], dropped: Mapping[str, int]) -> DiagnosticEntry:
    """What is wrong with images, camera_info and transforms, by what it is about."""
    values = {**complaints, **{f"left out on {topic}": str(n) for topic, n in dropped.items()}}
    if complaints:
        return DiagnosticStatus.WARN, "; ".join(complaints), values
    return DiagnosticStatus.OK, "well stamped, in known frames", values


def _milliseconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{1000 * seconds:.0f}"
