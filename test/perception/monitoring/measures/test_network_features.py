from __future__ import annotations

import numpy as np

from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.monitoring.measures.network_features import NetworkFeatures
from simreal_perception.monitoring.measures.reference import reference_of

CARD = load_model_card("block")


def test_features_are_those_of_the_layer_that_the_card_names() -> None:
    reference = reference_of(CARD)
    assert reference is not None and reference.features is not None
    network = NetworkFeatures(CARD, reference.features.layer)
    grey, red = np.full((480, 640, 3), 128, np.uint8), np.zeros((480, 640, 3), np.uint8)
    red[..., 0] = 200
    one, other = network.of(grey), network.of(red)
    assert one.shape == reference.features.mean.shape
    assert np.array_equal(one, network.of(grey)) and not np.allclose(one, other)
