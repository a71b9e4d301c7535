"""The checks of the monitor."""

from __future__ import annotations

from simreal_perception.monitoring.checks.check import Check
from simreal_perception.monitoring.checks.covered_lens import CoveredLensCheck
from simreal_perception.monitoring.checks.drift import DriftCheck
from simreal_perception.monitoring.checks.exposure import ExposureCheck
from simreal_perception.monitoring.checks.focus import FocusCheck
from simreal_perception.monitoring.checks.network import NetworkCheck
from simreal_perception.monitoring.checks.view import ViewCheck

# In the order in which one fault makes the others: what stands behind one that is bad cannot be told.
CHECKS: dict[str, type[Check]] = {
    check.name: check
    for check in (ExposureCheck, CoveredLensCheck, FocusCheck, ViewCheck, DriftCheck, NetworkCheck)
}
