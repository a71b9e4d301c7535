"""Watches the images of one camera and the network that looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_perception.model_files.model_card import ModelCard
from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.checks.registry import CHECKS
from simreal_perception.monitoring.checks.view import ViewCheck
from simreal_perception.monitoring.measures.check_result import (
    CheckResult,
    CheckStatus,
    State,
    StateChange,
)
from simreal_perception.monitoring.measures.measurement import LEAST_PX, measure
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.network_features import NetworkFeatures
from simreal_perception.monitoring.measures.past_images import PastImages
from simreal_perception.monitoring.measures.persistence import Persistence
from simreal_perception.monitoring.measures.reference import Reference, reference_of

MOST_EVENTS = 1000


class Monitor:
    """Judges image after image, and says what is wrong when it lasts.

    Args:
        reference: what the model was trained on; None: images are compared with those before alone.
        features: of the model's detector; None where nothing is known of them.
        config: how it watches.

    Attributes:
        events: what began and what ended, in order.
        values: figures of the last image, by check.
    """

    def __init__(
        self,
        reference: Reference | None = None,
        features: NetworkFeatures | None = None,
        config: MonitorConfig | None = None,
    ) -> None:
        self.config = config = config or MonitorConfig()
        self._features = None if reference is None else features
        self._checks: list[Check] = [check(reference, config) for check in CHECKS.values()]
        # It tells whether the camera rests, which the others ask.
        (self._view,) = (check for check in self._checks if isinstance(check, ViewCheck))
        self._past = PastImages(config.learn_s)
        self._alarms = {name: Persistence(config.hold_s, clear_s=config.clear_s) for name in CHECKS}
        self._words = dict.fromkeys(CHECKS, "")
        self._last = {name: CheckResult(None, "no image has come") for name in CHECKS}
        self._last_features: float | None = None
        self._last_time: float | None = None
        self.events: list[StateChange] = []

    @staticmethod
    def of(card: ModelCard | None, config: MonitorConfig | None = None) -> Monitor:
        """The monitor for the model of a card; None: of a model that has none.

        Raises:
            ModelError: the card's reference cannot be used.
        """
        reference = None if card is None else reference_of(card)
        features = None
        if card is not None and reference is not None and reference.features is not None:
            features = NetworkFeatures(card, reference.features.layer)
        return Monitor(reference, features, config)

    @property
    def values(self) -> Mapping[str, Mapping[str, float]]:
        """Figures of the last image, by check."""
        return {name: result.values for name, result in self._last.items()}

    def look(
        self, rgb: NDArray[np.uint8], time: float, estimates: Sequence[BlockEstimate] | None = None
    ) -> None:
        """Judge an image.

        Args:
            rgb: uint8, shape (H, W, 3).
            time: when it was taken, seconds; one that goes back begins the waiting anew.
            estimates: all in it, also those that are not published; None: nothing was looked for.
        """
        if min(rgb.shape[:2]) < LEAST_PX:
            words = f"images are too small to be judged: wanted {LEAST_PX} pixels a side or more"
            self._last = {name: CheckResult(None, words) for name in CHECKS}
            return
        measured = measure(rgb)
        if self._last_time is not None and time < self._last_time:
            self._last_features = None
        self._last_time = time
        image = WatchedImage(measured, time, estimates, self._features_now(rgb, time))
        image, results = self._judge(image)
        for name, result in results.items():
            self._last[name] = result
            self._settle(name, result, time)
        if not any(result.bad for result in results.values()) and not self._any_alarm():
            self._past.learn(measured, time)
            for check in self._checks:
                check.learn(image, time)

    def judge_picture(
        self, rgb: NDArray[np.uint8], estimates: Sequence[BlockEstimate] | None = None
    ) -> dict[str, CheckResult]:
        """Judge a picture by itself, whatever came before; see `look`.

        Returns:
            A result a check, by training alone.

        Raises:
            ImageError: it is too small to be judged.
        """
        measured = measure(rgb)
        features = None if self._features is None else self._features.of(rgb)
        return self._judge(WatchedImage(measured, None, estimates, features))[1]

    def findings(self) -> list[CheckStatus]:
        """What is to be said now, a finding a check."""
        return [self._status(name) for name in CHECKS]

    def set_min_score(self, min_score: float) -> None:
        """What is published scores as much from now on; doubt is learned anew."""
        for check in self._checks:
            check.set_min_score(min_score)

    def _features_now(self, rgb: NDArray[np.uint8], time: float) -> NDArray[np.float64] | None:
        """The network's features of an image; None where it is too early to look at them again."""
        last = self._last_features
        if self._features is None or (last is not None and time - last < self.config.features_s):
            return None
        self._last_features = time
        return self._features.of(rgb)

    def _judge(self, image: WatchedImage) -> tuple[WatchedImage, dict[str, CheckResult]]:
        """The image with what was before it, and a result a check."""
        seen = self._view.look(image)
        if image.time is not None and self._view.rests:
            likeness = self._past.likeness(image.measured)
            image = replace(image, past=self._past, likeness=likeness)
        results = {
            check.name: seen if check is self._view else check.look(image) for check in self._checks
        }
        for number, check in enumerate(self._checks):
            if check.overrules(image):
                for other in self._checks[:number]:
                    results[other.name] = _not_told(check.name, results[other.name])
        cause = ""
        for name, result in results.items():
            if cause:
                results[name] = _not_told(cause, result)
            elif result.bad or self._alarms[name].raised:
                cause = name
        return image, results

    def _settle(self, name: str, result: CheckResult, time: float) -> None:
        alarm = self._alarms[name]
        before = alarm.raised
        if result.bad is None and not before:
            alarm.skip(time)
            return
        now = alarm.update(time, bool(result.bad))
        if result.bad:
            self._words[name] = result.words
        if now != before and len(self.events) < MOST_EVENTS:
            self.events.append(StateChange(time, name, now, self._status(name).words))

    def _any_alarm(self) -> bool:
        return any(alarm.raised for alarm in self._alarms.values())

    def _status(self, name: str) -> CheckStatus:
        last, remedy = self._last[name], CHECKS[name].remedy
        if self._alarms[name].raised:
            return CheckStatus(name, State.BAD, f"{self._words[name]}; {remedy}", last.values)
        if last.bad is None:
            return CheckStatus(name, State.IDLE, last.words, last.values)
        # One bad image is no alarm yet.
        words = f"at times: {last.words}" if last.bad else last.words
        return CheckStatus(name, State.GOOD, words, last.values)


def _not_told(cause: str, result: CheckResult) -> CheckResult:
    """What is left of a result that another check's finding makes void."""
    return CheckResult(None, f"cannot be told, see {cause}", result.values)
