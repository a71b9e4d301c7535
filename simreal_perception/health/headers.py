"""What is wrong with the stamp and the frame of an image, in words that name cause and remedy."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.untrusted_text import shortened

# An image that is looked at so long after its stamp was stamped by another clock: older ones are not
# waited for.
OTHER_CLOCK_S = 5.0
DAY_S = 86_400.0


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong.

    Args:
        about: which it is, a few words that stay the same.
        words: what was got, what is wanted and how to mend it.
    """

    about: str
    words: str


@dataclass(frozen=True)
class ImageHeader:
    """When and where an image was taken, by its publisher.

    Args:
        stamp: seconds; 0: not stamped.
        frame: frame_id.
        calibration_frame: frame_id of the camera_info; empty, or None, where it has none or none has
            come.
    """

    stamp: float
    frame: str
    calibration_frame: str | None = None


def flaws_of(header: ImageHeader, now: float, *, sim_time: bool) -> list[Flaw]:
    """What is wrong with an image's header.

    Args:
        now: by the node's clock, seconds.
        sim_time: the node's clock is /clock.
    """
    return [*_flaws_of_time(header.stamp, now, sim_time), *_flaws_of_frame(header)]


def _flaws_of_time(stamp: float, now: float, sim_time: bool) -> list[Flaw]:
    if not stamp:
        return [
            Flaw(
                "stamp",
                "images are not stamped: got a stamp of 0, wanted the time at which they are taken; "
                "they are followed as of when they come, and transforms of a moving camera are the "
                "latest; let the camera driver stamp its images",
            )
        ]
    if sim_time and not now:
        return [
            Flaw(
                "clock",
                "use_sim_time is set and nobody publishes /clock: start the simulation, play the bag "
                "with --clock, or set use_sim_time:=false",
            )
        ]
    late = now - stamp
    if abs(late) <= OTHER_CLOCK_S:
        return []
    if sim_time:
        mend = (
            "use_sim_time is set here: set it for what publishes the images, or not at all; of a bag "
            "play /clock too (ros2 bag play --clock)"
        )
    else:
        mend = (
            "of a bag or a simulation set use_sim_time:=true (and ros2 bag play --clock); of another "
            "machine synchronize the clocks (chrony); of a driver let it stamp with the system's time"
        )
    when = "before" if late > 0 else "after"
    return [
        Flaw(
            "clock",
            f"images are stamped by another clock: {_duration(abs(late))} {when} the clock of this "
            f"node; {mend}",
        )
    ]


def _flaws_of_frame(header: ImageHeader) -> list[Flaw]:
    frame, other = header.frame, header.calibration_frame
    if not frame:
        return [
            Flaw(
                "frame",
                "images come without a frame_id: got '', wanted the camera's optical frame, or "
                "nobody can place the detections; set frame_id in the camera driver",
            )
        ]
    if frame.startswith("/"):
        return [
            Flaw(
                "frame",
                f"images are in frame '{shortened(frame)}': wanted a name without the slash in "
                "front, which TF refuses; set frame_id in the camera driver",
            )
        ]
    if other and other != frame:
        return [
            Flaw(
                "frame",
                f"images are in frame '{shortened(frame)}', their camera_info is in "
                f"'{shortened(other)}': wanted the same; that of the images is taken; see that "
                "camera/camera_info is of this camera, or set frame_id in its driver",
            )
        ]
    return []


def _duration(seconds: float) -> str:
    return f"{seconds / DAY_S:.1f} days" if seconds > DAY_S else f"{seconds:.1f} s"
