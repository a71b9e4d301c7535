"""What the detector network makes of an image inside: features by which images are compared."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ModelError
from simreal_perception.inspection.picture_features import shrunk
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.model_files.onnx_session import open_network

LONGEST_PX = 480
CELL = 32  # the network wants sides that are multiples of its coarsest stride


class NetworkFeatures:
    """Means and deviations over the image of the channels of the detector's coarsest layer.

    Args:
        model: as `load_model_card` takes it.
        threads: that compute.

    Raises:
        ModelError: no such model, or a detector without such a layer.
        ModuleNotFoundError: no onnx here, which reads the network's layers.
    """

    def __init__(self, model: str, threads: int = 2) -> None:
        import onnx

        content = onnx.load(str(load_model_card(model).files[0]))
        weights = {one.name: tuple(one.dims) for one in content.graph.initializer}
        widest: tuple[int, str] = (0, "")
        for node in content.graph.node:
            shape = weights.get(node.input[1], ()) if node.op_type == "Conv" else ()
            if len(shape) == 4 and shape[2:] == (1, 1):
                widest = max(widest, (shape[1], node.input[0]))
        if not widest[1]:
            raise ModelError(f"the detector of {model} has no layer that could be compared by")
        content.graph.output.append(
            onnx.helper.make_tensor_value_info(widest[1], onnx.TensorProto.FLOAT, None)
        )
        self._layer = widest[1]
        self._network = open_network(content.SerializeToString(), threads)
        self._input = self._network.get_inputs()[0].name

    def of(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The features of an image, RGB uint8 (H, W, 3), shape (2 C,)."""
        small = shrunk(rgb, LONGEST_PX)
        height, width = (max(side // CELL, 1) * CELL for side in small.shape[:2])
        small = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA)
        (layer,) = self._network.run([self._layer], {self._input: small[None]})
        channels = layer[0].reshape(layer.shape[1], -1).astype(np.float64)
        return np.concatenate([channels.mean(axis=1), channels.std(axis=1)])
