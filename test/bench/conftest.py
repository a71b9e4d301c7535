"""What tests of benches share."""

from __future__ import annotations

import pytest

from simreal_bench.simulated_robot.stack_result import StackResult


@pytest.fixture
def stood() -> StackResult:
    """A run that went well."""
    return StackResult(
        seed=1, blocks=3, success=True, reason="", placed=3, simulated_s=20.0, wall_s=5.0,
        placement_mm=(1.0, 3.0), plan_ms=30.0, collisions=(), limit_violations=0, tracking_rad=0.0,
    )  # fmt: skip
