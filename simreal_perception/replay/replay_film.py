"""The recording's images with what was found in them: a film, or single images without PyAV."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError, MissingDependencyError
from simreal_perception.video.drawing import draw_blocks, draw_caption
from simreal_perception.video.film import Film
from simreal_perception.video.image_io import RgbImage, jpeg

MOST_IMAGES = 12  # that stand in the report one by one
LARGEST_FILM = 48_000_000  # bytes that a page carries; a longer film lies beside it

# An image, its calibration, what was found, a line of text, and its time in seconds.
Shot = tuple[RgbImage, Camera, Sequence[BlockEstimate], str, float]


def film_html(shots: Iterable[Shot], count: int, path: Path) -> str:
    """Make the film at `path`, and the piece of HTML that shows it; images where that fails.

    Args:
        shots: in order, `count` of them.
    """
    if count == 0:
        return '<p class="none">no image</p>'
    wanted = {round(i * (count - 1) / max(MOST_IMAGES - 1, 1)) for i in range(MOST_IMAGES)}
    stills: list[bytes] = []
    film, why = _begin(path)
    for index, (rgb, camera, estimates, text, time_s) in enumerate(shots):
        drawn = draw_caption(draw_blocks(rgb, camera, estimates), text)
        if film is not None:
            try:
                film.add(drawn, time_s)
            except ConfigurationError as error:
                why = str(error)
                _end(film)
                film = None
        if index in wanted:
            stills.append(jpeg(drawn))
    if film is not None:
        why = _end(film)
    parts = []
    if path.is_file() and not why:
        size = path.stat().st_size
        source = path.name if size > LARGEST_FILM else _data("video/mp4", path.read_bytes())
        parts.append(f'<video controls preload="metadata" src="{source}"></video>')
    else:
        parts.append(f'<p class="none">no film: {why or "no image was large enough"}</p>')
    parts += [f'<img alt="" src="{_data("image/jpeg", still)}">' for still in stills]
    return "\n".join(parts)


def _begin(path: Path) -> tuple[Film | None, str]:
    try:
        return Film(path), ""
    except (ConfigurationError, MissingDependencyError) as error:
        return None, str(error)


def _end(film: Film) -> str:
    try:
        film.close()
    except ConfigurationError as error:
        return str(error)
    return ""


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
