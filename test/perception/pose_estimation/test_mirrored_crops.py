"""What is doubted is judged in mirrored crops too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_perception.pose_estimation.mirrored_crops import is_doubted, judge_again


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


def test_the_mean_of_all_mirror_images_decides() -> None:
    network = CornerJudge()
    crops = np.stack([crop(128, 230, 230, 128), crop(128, 25, 25, 128)])
    up, down = judge_again(network, crops, network.scores(crops))  # type: ignore[arg-type]
    assert up > 0.7 and down < 0.3
    assert network.asked == [4]


def test_a_crop_and_its_mirror_images_have_voices_of_equal_weight() -> None:
    network = CornerJudge()
    orders = [(60, 100, 140, 0), (60, 140, 100, 0), (100, 60, 0, 140)]
    crops = np.stack([crop(*order) for order in orders])
    one, turned, mirrored = judge_again(network, crops, network.scores(crops))  # type: ignore[arg-type]
    assert one == turned and mirrored < one  # the last one's mirror images start with 60 and 0


def test_no_crops_are_no_question() -> None:
    network = CornerJudge()
    assert not len(judge_again(network, np.zeros((0, 64, 64, 3), np.uint8), np.zeros(0)))  # type: ignore[arg-type]
    assert network.asked == []


def test_what_is_sure_is_not_doubted() -> None:
    assert not is_doubted(0.01) and not is_doubted(0.99)
    assert is_doubted(0.5) and is_doubted(0.65)
