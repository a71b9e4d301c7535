"""True poses of blocks in the images of a recording, from a file beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import reason_of
from simreal_perception.evaluation.evaluation_data import read_json, read_pose

SAME_EDGE = 0.01  # share by which the file's edge may differ from the one that is played with


def read_truths(path: Path, edge: float) -> dict[int, tuple[Pose, ...]]:
    """Poses of the blocks in the optical frame, by number of the image in the recording.

    The file is `{"edge_m": 0.05, "frames": {"0": ENTRY, ...}}`; an entry is a pose (`position_m`, and
    `rotation`, a matrix, or `orientation_xyzw`), or a list of poses. Images without an entry are not
    judged.

    Args:
        edge: of the blocks that are looked for, metres.

    Raises:
        ConfigurationError: no such file, or it is of blocks of another edge.
    """
    try:
        content = read_json(path)
        told = float(content.get("edge_m", edge))
        frames = {int(number): _poses(entry, path) for number, entry in content["frames"].items()}
    except (MessageError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = reason_of(error, path)
        raise ConfigurationError(
            f"cannot read truth {path} ({reason}): wanted a JSON file with 'frames', each number of an "
            "image with position_m and rotation, or with a list of such poses"
        ) from error
    if abs(told - edge) > SAME_EDGE * edge:
        raise ConfigurationError(
            f"truth {path} is of blocks of {1000 * told:g} mm, looked for are {1000 * edge:g} mm: "
            f"give edge:={told:g}"
        )
    return frames


def _poses(entry: Any, path: Path) -> tuple[Pose, ...]:
    entries = [entry] if isinstance(entry, Mapping) else list(entry)
    return tuple(read_pose(one, path) for one in entries)
