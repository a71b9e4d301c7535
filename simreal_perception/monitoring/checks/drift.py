"""Do images become unlike those before, or unlike those that the model was trained on?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.measures.baseline import Baseline
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.measurement import STATISTICS
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.reference import Range, Reference, rms

# Sharpness has a check of its own.
NAMES = tuple(name for name in STATISTICS if name != "sharpness")
# Of the range of training (5 % to 95 %) that an image may differ by from those before it, and from
# those of the start: an arm, a hand or other blocks change less, other lamps or settings more.
SUDDEN, SLOW = 0.3, 0.45
BEYOND = 0.25  # of the whole range of training that a statistic may lie outside of it
# Of what two scenes of training differ by, in the network's features: what moves in one scene
# changes them less.
FEATURES_APART = 0.9
FEATURES_BEYOND = 1.5  # times the farthest image of training
# Correlation with the images before, below which it is their negative: no other scene is so unlike.
INVERTED = -0.7
MEAN_OF = 2  # looks at features that are averaged


class DriftCheck(Check):
    """Compares statistics and the network's features with before and with training."""

    name = "drift"
    remedy = (
        "see what has changed: light, white balance, gain or encoding of the camera, a dirty lens, "
        "other things on the table; set it back, or train with wider ranges"
    )

    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None:
        self._reference = reference
        self._before = Baseline(config.learn_s)
        self._features_before = Baseline(config.learn_s)
        self._recent: list[NDArray[np.float64]] = []

    def look(self, image: WatchedImage) -> CheckResult:
        if self._reference is None:
            return CheckResult(
                None, "the model's card has no reference: run `simreal watch-reference MODEL`"
            )
        if image.time is None:
            self._recent = []  # it has nothing to do with those before
        if image.features is not None:
            self._take_features(image.features, self._reference)
        measured, rests, likeness = image.measured, image.rests, image.likeness
        ranges = self._reference.statistics
        now = {name: measured.statistics[name] for name in NAMES}
        values = {STATISTICS[name].title: value for name, value in now.items()}
        faults = []
        if likeness is not None and _is_inverted(likeness):
            faults.append(f"inverted: the correlation with those before is {likeness:.2f}")
        faults += _unlike_training(now, ranges)
        if rests and self._before.first is not None and self._before.lately is not None:
            lately = dict(zip(NAMES, self._before.lately.tolist(), strict=True))
            first = dict(zip(NAMES, self._before.first.tolist(), strict=True))
            for name, value in now.items():
                spread = ranges[name].spread
                for usual, share, when in (
                    (lately[name], SUDDEN, "before"),
                    (first[name], SLOW, "at the start"),
                ):
                    if abs(value - usual) > share * spread:
                        faults.append(
                            f"{STATISTICS[name].title}: {value:.1f}, {when} {usual:.1f}; wanted a "
                            f"change of {share * spread:.1f} at most"
                        )
                        break
        faults += self._features(self._reference, values, rests)
        if faults:
            return CheckResult(True, "images have changed: " + "; ".join(faults[:2]), values)
        return CheckResult(False, "images are as before and as in training", values)

    def overrules(self, image: WatchedImage) -> bool:
        """Shadows are highlights in a negative: what is said of them is not so."""
        likeness = image.likeness
        return self._reference is not None and likeness is not None and _is_inverted(likeness)

    def learn(self, image: WatchedImage, time: float) -> None:
        statistics = image.measured.statistics
        self._before.update(np.array([statistics[name] for name in NAMES]), time)
        if self._recent:
            self._features_before.update(np.mean(self._recent, axis=0), time)

    def _take_features(self, features: NDArray[np.float64], reference: Reference) -> None:
        known = reference.features
        if known is not None and features.shape == known.mean.shape:
            self._recent = [*self._recent, known.standardized(features)][-MEAN_OF:]

    def _features(self, reference: Reference, values: dict[str, float], rests: bool) -> list[str]:
        known = reference.features
        if known is None or not self._recent:
            return []
        distance = rms(np.mean(self._recent, axis=0))
        values["features from training (sigmas)"] = distance
        limit = FEATURES_BEYOND * known.distance.highest
        faults = []
        if distance > limit:
            faults.append(
                f"the network's features are {distance:.1f} sigmas from training, wanted {limit:.1f} "
                "at most"
            )
        before = self._features_before.lately
        if rests and before is not None:
            moved = rms(np.mean(self._recent, axis=0) - before)
            values["features from before (sigmas)"] = moved
            if moved > FEATURES_APART * known.apart:
                faults.append(
                    f"the network's features have changed by {moved:.2f} sigmas, wanted "
                    f"{FEATURES_APART * known.apart:.2f} at most"
                )
        return faults


def _is_inverted(likeness: float) -> bool:
    """Whether an image is the negative of those before, by its correlation with them."""
    return likeness < INVERTED


def _unlike_training(now: Mapping[str, float], ranges: Mapping[str, Range]) -> list[str]:
    faults = []
    for name, value in now.items():
        known = ranges[name]
        margin = BEYOND * (known.highest - known.lowest)
        if not known.lowest - margin <= value <= known.highest + margin:
            faults.append(
                f"{STATISTICS[name].title}: {value:.1f}, in training {known.lowest:.1f} to "
                f"{known.highest:.1f}"
            )
    return faults
