"""What a check is to the monitor, and what it is asked about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.measurement import Measurement
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.past_images import PastImages
from simreal_perception.monitoring.measures.reference import Reference


@dataclass(frozen=True, eq=False)
class WatchedImage:
    """An image as the checks see it.

    Args:
        measured: what is measured of every image.
        time: when it was taken, seconds; None: a picture by itself, whatever came before.
        estimates: all blocks in it, also those that are not published; None: nothing was looked for.
        features: the network's, see `NetworkFeatures`; None where they were not taken of this one.
        past: what images before it were like, to be compared with; None: of a picture by itself, and
            where the camera was not found to be at rest.
        likeness: correlation with them, -1 to 1; None where none are known.
    """

    measured: Measurement
    time: float | None = None
    estimates: Sequence[BlockEstimate] | None = None
    features: NDArray[np.float64] | None = None
    past: PastImages | None = None
    likeness: float | None = None

    @property
    def rests(self) -> bool:
        """Whether the camera does: its images are compared with those before."""
        return self.past is not None


class Check(ABC):
    """A question that is asked of every image, entered in `registry.CHECKS`.

    Args:
        reference: what the model was trained on; None where its card has none.
        config: how the monitor watches.

    Attributes:
        name: in /diagnostics, in warnings and in the report.
        remedy: what a person can do about it.
    """

    name: ClassVar[str]
    remedy: ClassVar[str]

    @abstractmethod
    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None: ...

    @abstractmethod
    def look(self, image: WatchedImage) -> CheckResult:
        """Judge an image."""

    def learn(self, image: WatchedImage, time: float) -> None:  # noqa: B027  # most learn nothing
        """Take an image that all checks found in order as one before.

        Args:
            time: when it was taken, seconds.
        """

    def overrules(self, image: WatchedImage) -> bool:
        """Whether checks that stand before this one cannot judge the image, for what this one finds."""
        return False

    def set_min_score(self, min_score: float) -> None:  # noqa: B027  # few ask for it
        """What is published scores as much from now on."""
