"""What the pose network doubts is judged in mirrored crops too, and nothing else is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_perception.pose_estimation.mirrored_crops import judge_again


class CornerJudge:
    """A network that takes a crop for a block if the pixel in its upper left corner says so.

    Attributes:
        asked: crops of each call.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []

    def run(self, names: Any, inputs: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        crops = inputs["crops"]
        self.asked.append(len(crops))
        assert crops.flags.c_contiguous and names == ["score"]
        return [self.scores(crops)]

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return crops[:, 0, 0, 0].astype(np.float32) / np.float32(255.0)


def crop(upper_left: int, upper_right: int, lower_left: int, lower_right: int) -> NDArray[np.uint8]:
    image = np.zeros((64, 64, 3), np.uint8)
    image[0, 0], image[0, -1] = upper_left, upper_right
    image[-1, 0], image[-1, -1] = lower_left, lower_right
    return image


def test_the_mean_of_all_mirror_images_decides_where_the_network_doubts() -> None:
    network = CornerJudge()
    crops = np.stack([crop(128, 230, 230, 230), crop(128, 25, 25, 25)])
    up, down = judge_again(network, crops, network.scores(crops))  # type: ignore[arg-type]
    assert up > 0.7 and down < 0.3
    assert network.asked == [6]


def test_all_mirror_images_have_a_voice_of_equal_weight() -> None:
    network = CornerJudge()
    corners = (60, 100, 140, 200)
    orders = [corners, corners[::-1], (100, 60, 200, 140), (140, 200, 60, 100)]
    crops = np.stack([crop(*order) for order in orders])
    judged = judge_again(network, crops, network.scores(crops))  # type: ignore[arg-type]
    assert np.allclose(judged, judged[0])


def test_what_is_sure_is_not_asked_again() -> None:
    network = CornerJudge()
    crops = np.stack([crop(254, 0, 0, 0), crop(3, 255, 255, 255)])
    sure = network.scores(crops)
    assert np.array_equal(judge_again(network, crops, sure), sure)  # type: ignore[arg-type]
    assert network.asked == []
