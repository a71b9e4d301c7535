from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simreal_common.errors import ModelError
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.monitoring.measures.measurement import STATISTICS
from simreal_perception.monitoring.measures.reference import KEY, reference_of, rms

CARD = load_model_card("block")


def changed(change: Any) -> Any:
    content = copy.deepcopy(dict(CARD.content))
    change(content[KEY])
    return replace(CARD, content=content)


def test_the_committed_model_has_a_reference() -> None:
    reference = reference_of(CARD)
    assert reference is not None and set(reference.statistics) == set(STATISTICS)
    features = reference.features
    assert features is not None and features.distance.low < 1.0 < features.distance.highest
    assert rms(features.standardized(features.mean)) == 0.0
    assert rms(features.standardized(features.mean + features.sigma)) == pytest.approx(1.0)
    assert np.abs(features.standardized(1e9 * features.mean + 1e9)).max() == 6.0


def test_a_card_may_have_none() -> None:
    content = {key: value for key, value in CARD.content.items() if key != KEY}
    assert reference_of(replace(CARD, content=content)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.pop("statistics"),
        lambda told: told["statistics"].update(brightness=[1, 2]),
        lambda told: told["statistics"].update(brightness=[7, 6, 5, 4, 3, 2, 1]),
        lambda told: told["statistics"].update(brightness=[float("nan")] * 7),
        lambda told: told["features"].update(mean="1 2 3"),
        lambda told: told["features"].update(mean="one two"),
        lambda told: told["features"].update(apart=0),
        lambda told: told.update(edges="wide"),
        lambda told: told.update(features=[]),
    ],
)
def test_a_reference_that_cannot_be_used_is_refused_in_one_line(change: Any) -> None:
    with pytest.raises(ModelError, match=r"'monitor' cannot be used.*watch-reference") as caught:
        reference_of(changed(change))
    assert "\n" not in str(caught.value)
