"""How the monitor watches: seconds that it learns and waits, and what is published."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import ConfigurationError
from simreal_perception.pose_estimation.calibration import MIN_SCORE


@dataclass(frozen=True)
class MonitorConfig:
    """How the monitor watches.

    Args:
        learn_s: seconds of images in order that later ones are compared with.
        hold_s: a fault must show in most images of so many seconds.
        clear_s: it is over when no image of so many seconds shows it.
        features_s: seconds from one look at the network's features to the next.
        moving_camera: the camera moves: its background is not watched, nor are its images compared
            with those before.
        min_score: what is published scores as much.

    Raises:
        ConfigurationError: a time that makes no sense.
    """

    learn_s: float = 5.0
    hold_s: float = 0.8
    clear_s: float = 2.0
    features_s: float = 0.75
    moving_camera: bool = False
    min_score: float = MIN_SCORE

    def __post_init__(self) -> None:
        for name in ("learn_s", "hold_s", "clear_s", "features_s"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}: wanted seconds, 0 or more"
                )
