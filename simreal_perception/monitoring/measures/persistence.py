"""Only what lasts is an alarm: single images may be blurred, dark, or hidden by a hand."""

from __future__ import annotations

from collections import deque

LEAST_IMAGES = 3  # of a slow camera, whatever the time
SLACK_S = 1e-6  # stamps are rounded
MOST_KEPT = 10_000
BAD_SHARE = 0.8


class Persistence:
    """Turns a yes or no an image into an alarm that begins and ends.

    Args:
        hold_s: an alarm begins when `BAD_SHARE` of the images of so long were bad.
        clear_s: it ends when none of the images of so long was.
    """

    def __init__(self, hold_s: float = 0.8, clear_s: float = 2.0) -> None:
        self._hold_s, self._clear_s = hold_s, clear_s
        self._window: deque[tuple[float, bool]] = deque(maxlen=MOST_KEPT)
        self._good_since: float | None = None
        self.raised = False

    def update(self, time: float, bad: bool) -> bool:
        """Take an image's answer; whether the alarm is on. A time that goes back begins anew."""
        if self._window and time < self._window[-1][0]:
            self.forget()
        self._window.append((time, bad))
        # One image that is older stays: the window is covered only then.
        while (
            len(self._window) > LEAST_IMAGES and self._window[1][0] <= time - self._hold_s + SLACK_S
        ):
            self._window.popleft()
        if bad:
            self._good_since = None
        elif self._good_since is None:
            self._good_since = time
        if not self.raised:
            covered = time - self._window[0][0] >= self._hold_s - SLACK_S
            answers = [answer for _, answer in self._window]
            enough = len(answers) >= LEAST_IMAGES and sum(answers) >= BAD_SHARE * len(answers)
            self.raised = covered and enough
        elif self._good_since is not None and time - self._good_since >= self._clear_s:
            self.raised = False
        return self.raised

    def skip(self, time: float) -> None:
        """Nothing can be told of an image; after a while of that it begins anew."""
        if self._window and not 0 <= time - self._window[-1][0] < self._clear_s:
            self.forget()

    def forget(self) -> None:
        """Begin anew; an alarm that is on stays so until good images have come."""
        self._window.clear()
        self._good_since = None
