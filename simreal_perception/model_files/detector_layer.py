"""Features of an image from inside the detector network, without the library that training needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ModelError
from simreal_perception.model_files.model_card import ModelCard
from simreal_perception.model_files.onnx_session import open_network

# Numbers of fields in ONNX's protobuf schema, and of the element type float.
GRAPH, OUTPUT, NAME, TYPE, TENSOR, ELEMENT, FLOAT = 7, 12, 1, 2, 1, 1, 1


class DetectorLayer:
    """Means and deviations over the image of the channels of one of the detector's layers.

    Args:
        card: of the model.
        layer: name of the layer's output in the detector's file.
        threads: that compute.

    Raises:
        ModelError: a detector that has no such layer or cannot be run.
    """

    def __init__(self, card: ModelCard, layer: str, threads: int = 1) -> None:
        file = detector_file(card)
        content = file.read_bytes() + _output(layer)
        try:
            self._network = open_network(content, threads)
        except ModelError as error:
            raise ModelError(
                f"{file} has no layer '{layer}' that the card's monitor names: run `simreal "
                f"watch-reference {card.path}` again"
            ) from error
        self._layer = layer
        self._input = self._network.get_inputs()[0].name

    def __deepcopy__(self, memo: dict[int, Any]) -> DetectorLayer:
        """Itself: it has no state, and ONNX Runtime's sessions cannot be copied."""
        return self

    def features(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The features of an image, RGB uint8 (H, W, 3), shape (2 C,).

        Its sides must be multiples of the network's coarsest stride.
        """
        (layer,) = self._network.run([self._layer], {self._input: rgb[None]})
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


def coarsest_layer(card: ModelCard) -> str:
    """Name of the output that tells most of the whole image: the widest that a 1 x 1 convolution reads.

    Raises:
        ModelError: a detector without such a layer.
        ModuleNotFoundError: no onnx here.
    """
    import onnx

    file = detector_file(card)
    graph = onnx.load(str(file)).graph
    weights = {one.name: tuple(one.dims) for one in graph.initializer}
    widest: tuple[int, str] = (0, "")
    for node in graph.node:
        shape = weights.get(node.input[1], ()) if node.op_type == "Conv" else ()
        if len(shape) == 4 and shape[2:] == (1, 1):
            widest = max(widest, (shape[1], node.input[0]))
    if not widest[1]:
        raise ModelError(f"{file} has no layer that images could be compared by")
    return widest[1]


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
