"""Does the network doubt what it sees? Its estimates are compared with before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.checks.resting_blocks import PlacedEstimates, RestingBlocks
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.reference import Reference
from simreal_perception.monitoring.measures.running_spread import RunningSpread

DOUBTFUL = 0.5  # of min_score: estimates that score less are nothing that anybody follows
# Of the estimates of an image, how many more than before may be doubtful.
MORE_DOUBT = 0.35
LEAST_IMAGES = 5  # by which before is known
MOST_DOUBT = 0.75  # where nothing is known of before: the least that this may be
LEAST_DOUBTFUL = (
    4  # where nothing is known of before: a few things that resemble blocks are no fault
)
LESS_SCORE = 0.2  # than before may the mean score of an image's estimates be
DEVIATIONS = 2.5  # of both from image to image; where they exceed these bounds, they are the bounds
# Of the blocks that rest, how many the network may be less sure of: an arm shades some. Where it doubts
# one alone, that must last so long: a gripper closes about it, or the arm passes before it and others.
# And where most are hidden, nothing is told.
MOST_DOUBTED, ALONE_S, LEAST_OF_ALL = 0.5, 1.0, 0.4
MOST_MISSED = 0.6  # of all, that may be doubted or not seen any more


class NetworkCheck(Check):
    """Counts doubtful estimates, and blocks of which the network is less sure than it was."""

    name = "network"
    remedy = (
        "see that blocks have the edge that is set, that nothing that resembles them lies about, and "
        "that light and lens are as they were; else train on what is seen here"
    )

    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None:
        self.min_score = config.min_score
        self._most = MOST_DOUBT
        if reference is not None:
            self._most = max(MOST_DOUBT, reference.doubt.quantiles[-3])
        self._learn_s = config.learn_s
        self._resting = RestingBlocks(config.learn_s)
        self._alone_since: float | None = None
        # Of the share of doubtful estimates and of the mean score; and since when.
        self._usual: RunningSpread | None = None
        self._began = 0.0

    def set_min_score(self, min_score: float) -> None:
        """What is published scores as much from now on; what was before is learned anew."""
        if min_score != self.min_score:
            self.min_score, self._usual = min_score, None

    def look(self, image: WatchedImage) -> CheckResult:
        """Judge an image's estimates."""
        if image.estimates is None:
            return CheckResult(None, "no network looked at the images")
        placed, time, rests = self._resting.place(image.estimates), image.time, image.rests
        scores = followed(placed.scores, self.min_score)
        values: dict[str, float] = {}
        words = ""
        if rests and time is not None:
            words = self._less_sure(placed, time, values)
        if not scores and not words:
            return CheckResult(None, "no block in the image", values)
        if scores:
            words = self._scored(scores, values, time if rests else None) or words
        if words:
            return CheckResult(True, f"the network is unsure: {words}", values)
        return CheckResult(False, "the network is as sure as before", values)

    def _scored(self, scores: Sequence[float], values: dict[str, float], time: float | None) -> str:
        """What is wrong with the scores; empty where nothing is. A time of None: no look back."""
        doubtful = sum(score < self.min_score for score in scores)
        doubt, score = doubtful / len(scores), float(np.mean(scores))
        values["doubtful estimates"] = float(doubtful)
        values["share of doubtful ones"], values["mean score"] = doubt, score
        limit, least, words = self._most, LEAST_DOUBTFUL, ""
        if time is not None and self._usual is not None and self._is_learned(time):
            usual_doubt, usual_score = self._usual.mean.tolist()
            values["share before"], values["mean score before"] = usual_doubt, usual_score
            more, less = np.maximum([MORE_DOUBT, LESS_SCORE], DEVIATIONS * self._usual.deviation)
            limit, least = usual_doubt + float(more), 1
            if score < usual_score - less:
                words = (
                    f"estimates score {score:.2f} in the mean, before {usual_score:.2f}; wanted "
                    f"{less:.2f} less at most"
                )
        if doubt > limit and doubtful >= least:
            words = (
                f"{doubtful} of {len(scores)} estimates score less than min_score, wanted "
                f"{100 * limit:.0f} % at most"
            )
        return words

    def learn(self, image: WatchedImage, time: float) -> None:
        if image.estimates is None:
            return
        placed = self._resting.place(image.estimates)
        self._resting.learn(placed, time)
        scores = followed(placed.scores, self.min_score)
        if not scores:
            return
        doubtful = sum(score < self.min_score for score in scores)
        value = np.array([doubtful / len(scores), np.mean(scores)])
        if self._usual is None:
            self._usual, self._began = RunningSpread(value), time
        else:
            self._usual.take(value)
            self._began = min(self._began, time)  # a bag that loops: what was learned holds

    def _is_learned(self, time: float) -> bool:
        enough = self._usual is not None and self._usual.count >= LEAST_IMAGES
        return enough and time - self._began >= self._learn_s

    def _less_sure(self, placed: PlacedEstimates, time: float, values: dict[str, float]) -> str:
        """What is wrong with the blocks that rest; empty where nothing is."""
        doubted, seen, known = self._resting.doubted(placed, time)
        values["resting blocks"], values["less sure of"] = float(known), float(doubted)
        among_seen = doubted > MOST_DOUBTED * seen and doubted >= LEAST_OF_ALL * known
        # What is not seen any more counts beside what is doubted, but alone it was taken away.
        # And where one of several is doubted, an arm may stand before it and those that are missed.
        among_all = doubted >= min(known, 2) and doubted + known - seen > MOST_MISSED * known
        if not (among_seen or among_all):
            self._alone_since = None
            return ""
        if doubted == 1:
            if self._alone_since is None or time < self._alone_since:
                self._alone_since = time
            if time - self._alone_since < ALONE_S:
                return ""
        return (
            f"of {known} blocks that rest it sees {doubted} less surely than before and "
            f"{known - seen} no more; wanted {100 * MOST_DOUBTED:.0f} % at most"
        )


def followed(scores: Sequence[float], min_score: float) -> list[float]:
    """The scores of the estimates that anybody would follow."""
    return [score for score in scores if score >= DOUBTFUL * min_score]


def doubt_of(scores: Sequence[float], min_score: float) -> tuple[int, int]:
    """How many estimates are doubtful, and how many there are that anybody would follow."""
    some = followed(scores, min_score)
    return sum(score < min_score for score in some), len(some)
