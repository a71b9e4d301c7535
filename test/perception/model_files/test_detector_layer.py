from __future__ import annotations

import numpy as np
import pytest

from simreal_common.errors import ModelError
from simreal_perception.model_files.detector_layer import (
    DetectorLayer,
    coarsest_layer,
    detector_file,
)
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.model_files.onnx_session import open_network

CARD = load_model_card("block")


def test_the_layer_is_what_onnx_says_it_is() -> None:
    onnx = pytest.importorskip("onnx")
    layer = coarsest_layer(CARD)
    model = onnx.load(str(detector_file(CARD)))
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(layer, onnx.TensorProto.FLOAT, None)
    )
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (128, 160, 3), dtype=np.uint8)
    (wanted,) = open_network(model.SerializeToString(), 1).run([layer], {"images": image[None]})
    channels = wanted[0].reshape(wanted.shape[1], -1)
    assert DetectorLayer(CARD, layer).features(image) == pytest.approx(
        np.concatenate([channels.mean(axis=1), channels.std(axis=1)]), abs=1e-5
    )


def test_a_layer_that_is_not_there_is_named_with_the_remedy() -> None:
    with pytest.raises(ModelError, match="no layer 'nowhere'.*watch-reference"):
        DetectorLayer(CARD, "nowhere")
