"""Is the image too dark or too bright to see blocks in, though something is still to be seen?"""

from __future__ import annotations

from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.reference import Reference

# Shares of black and of saturated pixels that no picture of a table has by itself.
MOST_DARK, MOST_BRIGHT = 0.6, 0.4
DARKEST = 25.0  # mean brightness where the card has no reference
BEYOND = 0.9  # of the darkest image of training
LEAST_EDGES = 3.0  # levels: where nothing stands out of the noise, the lens is covered, not dark
# As much like before must an image be for its darkness to be one of exposure.
LEAST_LIKENESS = 0.5
# An image of which so much was not saturated before and is now is over-exposed, whatever its light.
MORE_BRIGHT = 0.25
# Colours saturate one after the other: in too much light one of them does in so many more pixels.
MORE_CLIPPED = 0.35
BRIGHTER = (
    1.3  # times before is then the mean, too: a white balance that is off saturates one colour
)


class ExposureCheck(Check):
    """Compares brightness with training's, and saturated shares with what a picture can have."""

    name = "exposure"
    remedy = "set exposure or gain of the camera, or see to the light"

    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None:
        self._darkest = DARKEST
        if reference is not None:
            self._darkest = min(DARKEST, BEYOND * reference.statistics["brightness"].lowest)

    def look(self, image: WatchedImage) -> CheckResult:
        measured, past, likeness = image.measured, image.past, image.likeness
        brightness = measured.statistics["brightness"]
        values = {
            "brightness": brightness,
            "black share": measured.dark,
            "saturated share": measured.bright,
        }
        if measured.bright > MOST_BRIGHT and (
            past is None or measured.bright > past.bright + MORE_BRIGHT
        ):
            return CheckResult(
                True,
                f"over-exposed: {100 * measured.bright:.0f} % of the pixels are saturated, wanted "
                f"less than {100 * MOST_BRIGHT:.0f} %",
                values,
            )
        if likeness is None:
            visible = measured.edges > LEAST_EDGES
        else:
            visible = likeness > LEAST_LIKENESS
        if (
            past is not None
            and measured.clipped > past.clipped + MORE_CLIPPED
            and brightness > BRIGHTER * past.brightness
        ):
            return CheckResult(
                True,
                f"over-exposed: of {100 * measured.clipped:.0f} % of the pixels a colour is saturated, "
                f"before of {100 * past.clipped:.0f} %; wanted {100 * MORE_CLIPPED:.0f} more at most",
                values,
            )
        if visible and (brightness < self._darkest or measured.dark > MOST_DARK):
            return CheckResult(
                True,
                f"under-exposed: brightness {brightness:.0f} of 255, {100 * measured.dark:.0f} % of "
                f"the pixels are black; wanted {self._darkest:.0f} or more, and less than "
                f"{100 * MOST_DARK:.0f} %",
                values,
            )
        return CheckResult(False, "well exposed", values)
