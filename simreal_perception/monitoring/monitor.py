"""Watches the images of one camera and the network that looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_perception.model_files.model_card import ModelCard
from simreal_perception.monitoring.checks import certainty, drift, exposure, focus, lens, view
from simreal_perception.monitoring.checks.resting_blocks import PlacedEstimates
from simreal_perception.monitoring.measures.check_result import (
    CheckResult,
    CheckStatus,
    State,
    StateChange,
)
from simreal_perception.monitoring.measures.measurement import LEAST_PX, Measurement, measure
from simreal_perception.monitoring.measures.network_features import NetworkFeatures
from simreal_perception.monitoring.measures.persistence import Persistence
from simreal_perception.monitoring.measures.reference import Reference, reference_of
from simreal_perception.pose_estimation.calibration import MIN_SCORE

# Checks in the order in which one fault makes the others: what stands behind one that is bad cannot
# be told.
REMEDIES = {
    "exposure": exposure.REMEDY,
    "lens": lens.REMEDY,
    "focus": focus.REMEDY,
    "view": view.REMEDY,
    "drift": drift.REMEDY,
    "network": certainty.REMEDY,
}
MOST_EVENTS = 1000


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
        self._features = features
        self._exposure = exposure.ExposureCheck(reference)
        self._lens = lens.LensCheck(reference, config.learn_s)
        self._focus = focus.FocusCheck(reference, config.learn_s)
        self._view = view.ViewCheck(config.learn_s)
        self._drift = None if reference is None else drift.DriftCheck(reference, config.learn_s)
        self._certainty = certainty.CertaintyCheck(reference, config.learn_s, config.min_score)
        self._alarms = {
            name: Persistence(config.hold_s, clear_s=config.clear_s) for name in REMEDIES
        }
        self._words = dict.fromkeys(REMEDIES, "")
        self._last = {name: CheckResult(None, "no image has come") for name in REMEDIES}
        # Of the last image in order: saturated shares, in every colour and in any, and brightness.
        self._light = (0.0, 0.0, 0.0)
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
            self._last = {name: CheckResult(None, words) for name in REMEDIES}
            return
        measured = measure(rgb)
        if self._last_time is not None and time < self._last_time:
            self._last_features = None
        self._last_time = time
        self._take_features(rgb, time)
        placed = self._certainty.place(estimates)
        results = self._judge(measured, time, placed)
        for name, result in results.items():
            self._last[name] = result
            self._settle(name, result, time)
        if not any(result.bad for result in results.values()) and not self._any_alarm():
            self._learn(measured, time, placed)

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
        if self._drift is not None:
            self._drift.forget_features()
            if self._features is not None:
                self._drift.take_features(self._features.of(rgb))
        placed = self._certainty.place(estimates)
        return self._results(measured, CheckResult(None, "a picture by itself"), placed, None)

    def findings(self) -> list[CheckStatus]:
        """What is to be said now, a finding a check."""
        return [self._status(name) for name in REMEDIES]

    def set_min_score(self, min_score: float) -> None:
        """What is published scores as much from now on; doubt is learned anew."""
        self._certainty.set_min_score(min_score)

    def _take_features(self, rgb: NDArray[np.uint8], time: float) -> None:
        if self._features is None or self._drift is None:
            return
        if self._last_features is None or time - self._last_features >= self.config.features_s:
            self._last_features = time
            self._drift.take_features(self._features.of(rgb))

    def _judge(
        self, measured: Measurement, time: float, placed: PlacedEstimates | None
    ) -> dict[str, CheckResult]:
        seen = CheckResult(None, "not watched: the camera moves")
        if not self.config.moving_camera:
            seen = self._view.look(measured, time)
        rests = self._view.rests and not self.config.moving_camera
        return self._results(measured, seen, placed, time, rests=rests)

    def _results(
        self,
        measured: Measurement,
        seen: CheckResult,
        placed: PlacedEstimates | None,
        time: float | None,
        *,
        rests: bool = False,
    ) -> dict[str, CheckResult]:
        """A result a check; `seen` is that of the view."""
        likeness = self._lens.likeness(measured) if rests else None
        before = self._light if rests else (None, None, None)
        results = {
            "exposure": self._exposure.look(measured, likeness, *before),
            "lens": self._lens.look(measured, rests=rests),
            "focus": self._focus.look(measured, rests=rests),
            "view": seen,
            "drift": self._drift.look(measured, rests=rests, likeness=likeness)
            if self._drift is not None
            else CheckResult(
                None, "the model's card has no reference: run `simreal watch-reference MODEL`"
            ),
            "network": self._certainty.look(placed, time, rests=rests),
        }
        cause = ""
        if self._drift is not None and drift.is_inverted(likeness):
            # Shadows are highlights in a negative: what the checks before drift say is not so.
            for name in ("exposure", "lens", "focus", "view"):
                results[name] = CheckResult(None, "cannot be told, see drift", results[name].values)
        for name, result in results.items():
            if cause:
                results[name] = CheckResult(None, f"cannot be told, see {cause}", result.values)
            elif result.bad or self._alarms[name].raised:
                cause = name
        return results

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

    def _learn(self, measured: Measurement, time: float, placed: PlacedEstimates | None) -> None:
        """Take an image as one of those that later ones are compared with."""
        self._light = (measured.bright, measured.clipped, measured.statistics["brightness"])
        self._lens.learn(measured, time)
        self._focus.learn(measured, time)
        if self._drift is not None:
            self._drift.learn(measured, time)
        self._certainty.learn(placed, time)

    def _any_alarm(self) -> bool:
        return any(alarm.raised for alarm in self._alarms.values())

    def _status(self, name: str) -> CheckStatus:
        last, remedy = self._last[name], REMEDIES[name]
        if self._alarms[name].raised:
            return CheckStatus(name, State.BAD, f"{self._words[name]}; {remedy}", last.values)
        if last.bad is None:
            return CheckStatus(name, State.IDLE, last.words, last.values)
        # One bad image is no alarm yet.
        words = f"at times: {last.words}" if last.bad else last.words
        return CheckStatus(name, State.GOOD, words, last.values)
