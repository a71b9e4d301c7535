"""Boundaries move outwards where the network does well, inwards where it does badly."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.training.adr.boundaries import boundaries  # noqa: E402
from simreal_perception.training.adr.widening_rule import (  # noqa: E402
    AdrRule,
    AutomaticRandomization,
)
from simreal_sim.randomization.ranges.randomization_config import (  # noqa: E402
    GROUPS,
    RandomizationConfig,
)

RULE = AdrRule(low=0.6, high=0.8, buffer=2, step=0.1)
LIMITS = RandomizationConfig.load()
FIRST = boundaries(LIMITS)[0]


def made() -> AutomaticRandomization:
    return AutomaticRandomization(LIMITS, RULE, seed=3)


def test_a_boundary_moves_when_its_buffer_is_full_and_by_the_mean() -> None:
    adr = made()
    assert not adr.measured(FIRST, 1.0)
    assert adr.measured(FIRST, 0.7)  # mean 0.85
    assert adr.shares[FIRST.name] == pytest.approx(0.1)
    assert not adr.measured(FIRST, 0.7) and not adr.measured(FIRST, 0.7)  # neither good nor bad
    assert adr.shares[FIRST.name] == pytest.approx(0.1)
    assert not adr.measured(FIRST, 0.7) and adr.measured(FIRST, 0.2)
    assert adr.shares[FIRST.name] == 0.0
    assert adr.moves == 2


def test_it_opens_to_the_limits_and_no_further() -> None:
    adr = made()
    for boundary in boundaries(LIMITS):
        for _ in range(30):
            adr.measured(boundary, 1.0)
    assert set(adr.shares.values()) == {1.0}
    assert adr.ranges == LIMITS and adr.entropy == 0.0 and adr.openness == 1.0


def test_entropy_grows_with_every_boundary_that_opens() -> None:
    adr, seen = made(), []
    for boundary in boundaries(LIMITS)[:5]:
        seen.append(adr.entropy)
        adr.measured(boundary, 1.0), adr.measured(boundary, 1.0)
    assert seen == sorted(seen) and len(set(seen)) == 5


def test_every_boundary_is_looked_at_and_the_same_ones_again() -> None:
    adr = made()
    looked = [adr.boundary_at(step) for step in range(3000)]
    assert set(looked) == set(boundaries(LIMITS))
    assert looked == [made().boundary_at(step) for step in range(3000)]


def test_a_state_is_json_and_goes_on_where_it_was() -> None:
    adr = made()
    for performance in (1.0, 1.0, 0.9):
        adr.measured(FIRST, performance)
    again = made()
    again.restore(json.loads(json.dumps(adr.state())))
    assert again.state() == adr.state() and again.ranges == adr.ranges
    assert again.measured(FIRST, 0.9) and again.shares[FIRST.name] == pytest.approx(0.2)


def test_a_state_of_other_ranges_is_refused() -> None:
    other = RandomizationConfig.load(disabled={"camera"})
    with pytest.raises(ConfigurationError, match="other boundaries"):
        AutomaticRandomization(other, RULE, 3).restore(made().state())


def test_nothing_to_widen_is_said() -> None:
    with pytest.raises(ConfigurationError, match="nothing to widen"):
        AutomaticRandomization(RandomizationConfig(frozenset(GROUPS)), RULE, 1)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ((0.8, 0.6, 2, 0.1), "adr_low"),
        ((0.6, 1.1, 2, 0.1), "adr_high"),
        ((0.6, 0.8, 0, 0.1), "adr_buffer"),
        ((0.6, 0.8, 2, 0.0), "adr_step"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    rule: tuple[float, float, int, float], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        AdrRule(*rule)
