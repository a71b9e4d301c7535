from __future__ import annotations

import numpy as np
import pytest

from simreal_common.errors import ModelError
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


def test_the_layer_is_what_onnx_says_it_is() -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("torch")
    from simreal_perception.export.monitor_reference import coarsest_layer
    from simreal_perception.model_files.onnx_session import open_network
    from simreal_perception.monitoring.measures.network_features import detector_file

    layer = coarsest_layer(CARD)
    model = onnx.load(str(detector_file(CARD)))
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(layer, onnx.TensorProto.FLOAT, None)
    )
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (128, 160, 3), dtype=np.uint8)
    (wanted,) = open_network(model.SerializeToString(), 1).run([layer], {"images": image[None]})
    got = NetworkFeatures(CARD, layer).of(image)
    channels = wanted[0].reshape(wanted.shape[1], -1)
    assert got == pytest.approx(
        np.concatenate([channels.mean(axis=1), channels.std(axis=1)]), abs=1e-5
    )


def test_a_layer_that_is_not_there_is_named_with_the_remedy() -> None:
    with pytest.raises(ModelError, match="no layer 'nowhere'.*watch-reference"):
        NetworkFeatures(CARD, "nowhere")
