"""Which model computes, in /diagnostics."""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus

from simreal_common.ros_messages import DiagnosticEntry


def model_entry(estimator: Any, name: str) -> DiagnosticEntry:
    """Name and hashes of the model, and what computes it."""
    card = getattr(estimator, "card", None)
    values = {"model": name}
    if card is not None:
        for entry in card.content["files"]:
            values[f"sha256 of {entry['file']}"] = str(entry["sha256"])
        values["provider"] = ", ".join(estimator.providers)
    return DiagnosticStatus.OK, name, values
