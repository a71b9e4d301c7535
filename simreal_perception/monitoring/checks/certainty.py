"""Does the network doubt what it sees? The scores of its estimates are compared with before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simreal_perception.monitoring.measures.baseline import Baseline
from simreal_perception.monitoring.measures.finding import Verdict
from simreal_perception.monitoring.measures.reference import Reference

REMEDY = (
    "see that blocks have the edge that is set, that nothing that resembles them lies about, and "
    "that light and lens are as they were; else train on what is seen here"
)
DOUBTFUL = 0.5  # of min_score: estimates that score less are nothing that anybody follows
# Of the estimates of an image, how many more than before may be doubtful.
MORE_DOUBT = 0.35
MOST_DOUBT = 0.75  # where nothing is known of before: the least that this may be
LEAST_DOUBTFUL = 2  # where nothing is known of before: one thing that resembles a block is no fault


class CertaintyCheck:
    """Counts doubtful estimates: those that score too little to be published.

    Args:
        reference: of the model; None where its card has none.
        learn_s: seconds in which the doubt before is learned.
        min_score: what is published scores as much.
    """

    def __init__(self, reference: Reference | None, learn_s: float, min_score: float) -> None:
        self.min_score = min_score
        self._most = MOST_DOUBT
        if reference is not None:
            self._most = max(MOST_DOUBT, reference.doubt.quantiles[-3])
        self._learn_s = learn_s
        self._before = Baseline(learn_s)

    def set_min_score(self, min_score: float) -> None:
        """What is published scores as much from now on; what was before is learned anew."""
        if min_score != self.min_score:
            self.min_score, self._before = min_score, Baseline(self._learn_s)

    def look(self, scores: Sequence[float] | None, *, rests: bool) -> Verdict:
        """Judge the scores of an image's estimates; None: nothing was looked for in it."""
        if scores is None:
            return Verdict(None, "no network looked at the images")
        doubtful, all_of_them = doubt_of(scores, self.min_score)
        if not all_of_them:
            return Verdict(None, "no block in the image")
        doubt = doubtful / all_of_them
        values = {"doubtful estimates": float(doubtful), "share of doubtful ones": doubt}
        before = self._before.lately
        if rests and before is not None:
            usual = float(before[0])
            values["share before"] = usual
            limit = usual + MORE_DOUBT
            bad = doubt > limit and doubtful > 0
        else:
            limit = self._most
            bad = doubt > limit and doubtful >= LEAST_DOUBTFUL
        if bad:
            return Verdict(
                True,
                f"the network is unsure: {doubtful} of {all_of_them} estimates score less than "
                f"min_score, wanted {100 * limit:.0f} % at most",
                values,
            )
        return Verdict(False, "the network is as sure as before", values)

    def learn(self, scores: Sequence[float] | None, time: float) -> None:
        """Take scores of an image that is in order as ones before."""
        doubtful, all_of_them = doubt_of(scores or (), self.min_score)
        if all_of_them:
            self._before.update(np.array([doubtful / all_of_them]), time)


def doubt_of(scores: Sequence[float], min_score: float) -> tuple[int, int]:
    """How many estimates are doubtful, and how many there are that anybody would follow."""
    followed = [score for score in scores if score >= DOUBTFUL * min_score]
    return sum(score < min_score for score in followed), len(followed)
