"""What the detector network makes of an image inside, without the library that training needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ModelError
from simreal_perception.model_files.model_card import ModelCard
from simreal_perception.model_files.onnx_session import open_network

SIZE_PX = (160, 128)  # width, height of the copy: multiples of the network's coarsest stride
# Numbers of fields in ONNX's protobuf schema, and of the element type float.
GRAPH, OUTPUT, NAME, TYPE, TENSOR, ELEMENT, FLOAT = 7, 12, 1, 2, 1, 1, 1


class NetworkFeatures:
    """Means and deviations over the image of the channels of one of the detector's layers.

    Args:
        card: of the model.
        layer: name of the layer's output in the detector's file.

    Raises:
        ModelError: a detector that has no such layer or cannot be run.
    """

    def __init__(self, card: ModelCard, layer: str) -> None:
        file = detector_file(card)
        content = file.read_bytes() + _output(layer)
        try:
            self._network = open_network(content, 1)
        except ModelError as error:
            raise ModelError(
                f"{file} has no layer '{layer}' that the card's monitor names: run `simreal "
                f"watch-reference {card.path}` again"
            ) from error
        self._layer = layer
        self._input = self._network.get_inputs()[0].name

    def __deepcopy__(self, memo: dict[int, Any]) -> NetworkFeatures:
        """Itself: it has no state, and ONNX Runtime's sessions cannot be copied."""
        return self

    def of(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The features of an image, RGB uint8 (H, W, 3), shape (2 C,)."""
        small = cv2.resize(rgb, SIZE_PX, interpolation=cv2.INTER_AREA)
        (layer,) = self._network.run([self._layer], {self._input: small[None]})
        channels = layer[0].reshape(layer.shape[1], -1).astype(np.float64)
        return np.concatenate([channels.mean(axis=1), channels.std(axis=1)])


def detector_file(card: ModelCard) -> Path:
    """The detector's ONNX file.

    Raises:
        ModelError: the card names none.
    """
    for file in card.files:
        if file.stem.endswith("_detector"):
            return file
    raise ModelError(f"model {card.name} has no detector network: export it again")


def _output(layer: str) -> bytes:
    """Bytes that, behind an ONNX file's, make a layer one more output.

    A protobuf message is merged from what stands one behind the other (protobuf's encoding,
    "last one wins"): here a graph that has nothing but an output.
    """
    tensor = _field(TENSOR, bytes([ELEMENT << 3, FLOAT]))
    return _field(GRAPH, _field(OUTPUT, _field(NAME, layer.encode()) + _field(TYPE, tensor)))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes: its number and wire type 2, its length, itself."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
