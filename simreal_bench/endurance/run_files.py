"""What a run leaves in its folder, each whole or absent: verdict, film, image, decisions."""

from __future__ import annotations

import json
from pathlib import Path

import cv2

from simreal_common.errors import ConfigurationError
from simreal_perception.video.film import times_file
from simreal_perception.video.film_frames import frames_at

VERDICT, FILM, IMAGE, DECISIONS = "result.json", "demo.mp4", "detections.png", "decisions.jsonl"


def verdict_of(folder: Path) -> bool | None:
    """What the scorer decided; None where it did not.

    Raises:
        ValueError: half a verdict, or none of a scorer's.
    """
    try:
        content = json.loads((folder / VERDICT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    success = content.get("success") if isinstance(content, dict) else None
    if not isinstance(success, bool):
        raise ValueError(f"{VERDICT} has no success: {content!r:.80}")
    return success


def half_files(folder: Path) -> list[str]:
    """What stands under its name and is not whole, in words."""
    flaws = []
    try:
        verdict_of(folder)
    except ValueError as error:
        flaws.append(f"{VERDICT}: {error}")
    if (folder / IMAGE).exists() and cv2.imread(str(folder / IMAGE)) is None:
        flaws.append(f"{IMAGE} is no image")
    film = folder / FILM
    if film.exists() and times_file(film).exists():  # the index is written right behind it
        try:
            frames_at(film, [float("inf")])  # decodes all of it, and counts
        except ConfigurationError as error:
            flaws.append(str(error))
    decisions = folder / DECISIONS
    if decisions.exists():
        for number, line in enumerate(decisions.read_text(encoding="utf-8").splitlines(), 1):
            try:
                json.loads(line)
            except ValueError:
                flaws.append(f"{DECISIONS}: line {number} is no JSON")
    return flaws


def drafts(folder: Path) -> list[str]:
    """Hidden files that were to become others; only a process that was killed leaves one."""
    return sorted(file.name for file in folder.glob(".*.part"))
