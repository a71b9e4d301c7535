"""How many cases a fuzzer runs: some in every test run, ten thousand in the slow one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHORT, LONG = 150, 10_000

Fuzz = Callable[[st.SearchStrategy[Any], Callable[[Any], None]], None]


@pytest.fixture(
    params=[
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=pytest.mark.slow),
    ]
)
def fuzz(request: pytest.FixtureRequest) -> Fuzz:
    """Runs a check on many cases: the same ones in the short run, new ones in the long run."""

    def run(cases: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
        @settings(
            max_examples=request.param,
            derandomize=request.param == SHORT,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def check_one(case: Any) -> None:
            check(case)

        check_one()

    return run
