"""Is the image too dark or too bright to see blocks in, though something is still to be seen?"""

from __future__ import annotations

from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.measurement import Measurement
from simreal_perception.monitoring.measures.reference import Reference

REMEDY = "set exposure or gain of the camera, or see to the light"
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


class ExposureCheck:
    """Compares brightness with training's, and saturated shares with what a picture can have.

    Args:
        reference: of the model; None where its card has none.
    """

    def __init__(self, reference: Reference | None) -> None:
        self._darkest = DARKEST
        if reference is not None:
            self._darkest = min(DARKEST, BEYOND * reference.statistics["brightness"].lowest)

    def look(
        self,
        measured: Measurement,
        likeness: float | None,
        bright_before: float | None,
        clipped_before: float | None = None,
        brightness_before: float | None = None,
    ) -> CheckResult:
        """Judge an image.

        Args:
            likeness: correlation with the images before it, see `lens.LensCheck`; None where none are
                known or the camera moves.
            bright_before, clipped_before, brightness_before: `Measurement.bright`, `clipped` and mean
                brightness of images before; None as well.
        """
        brightness = measured.statistics["brightness"]
        values = {
            "brightness": brightness,
            "black share": measured.dark,
            "saturated share": measured.bright,
        }
        if measured.bright > MOST_BRIGHT and (
            bright_before is None or measured.bright > bright_before + MORE_BRIGHT
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
            clipped_before is not None
            and brightness_before is not None
            and measured.clipped > clipped_before + MORE_CLIPPED
            and brightness > BRIGHTER * brightness_before
        ):
            return CheckResult(
                True,
                f"over-exposed: of {100 * measured.clipped:.0f} % of the pixels a colour is saturated, "
                f"before of {100 * clipped_before:.0f} %; wanted {100 * MORE_CLIPPED:.0f} more at most",
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
