"""An inspection as one HTML file that needs no other, and as text for a terminal."""

from __future__ import annotations

import base64
import html
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simreal_perception.inspection.histograms import histogram
from simreal_perception.inspection.inspection import Inspection
from simreal_perception.inspection.picture_fault import PictureFault
from simreal_perception.inspection.picture_features import (
    BLOCK_FEATURES,
    COLOR_FEATURES,
    FEATURES,
    IMAGE_FEATURES,
    known,
)
from simreal_perception.video.image_io import jpeg

MOST_LINES = 200  # of findings on the page
MOST_TOLD = 20  # and in the terminal
MOST_PHOTOGRAPHS = 60
STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 78em; margin: 2em auto; padding: 0 1em; color: #222 }
h2 { font-size: 1.15em; margin: 1.6em 0 .4em } .good { color: #287a3c } .bad { color: #c22 }
figure { display: inline-block; margin: 0 .5em .7em 0; vertical-align: top; max-width: 24em }
figcaption { font-size: .8em; color: #555; overflow-wrap: anywhere } img { max-width: 100% }
svg { background: #f6f6f4; margin: 0 .5em .5em 0 } svg text { font: 11px sans-serif; fill: #444 }
svg .title { font-weight: bold } table { border-collapse: collapse }
td, th { text-align: left; padding: .15em .9em .15em 0; vertical-align: top }
.outside { border-left: 4px solid #d9480f; padding-left: .5em }
"""


def summary(seen: Inspection) -> list[str]:
    """What was found, in a few lines."""
    wrong = {one.picture for one in seen.errors}
    lines = [f"{seen.name}: {seen.pictures} pictures, {seen.blocks} blocks"]
    if wrong:
        kinds = Counter(one.kind for one in seen.errors)
        told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        lines.append(f"labels are wrong in {len(wrong)} pictures: {told}")
    else:
        lines.append("labels: no fault found")
    looks = Counter(one.kind for one in seen.findings if not one.error)
    lines += [f"{kind}: {count}" for kind, count in looks.most_common()]
    if seen.outside:
        beyond = sum(bool(one.reasons) for one in seen.outside)
        lines.append(
            f"photographs: {beyond} of {len(seen.outside)} lie outside of what these pictures show"
        )
    elif seen.photographs:
        lines.append("photographs: too few pictures to hold them against")
    return lines


def as_text(seen: Inspection) -> str:
    """The summary, and findings by picture."""
    lines = summary(seen)
    ordered = [*seen.errors, *(one for one in seen.findings if not one.error)]
    lines += [f"  {one}" for one in ordered[:MOST_TOLD]]
    if len(ordered) > MOST_TOLD:
        lines.append(f"  and {len(ordered) - MOST_TOLD} more")
    for one in [one for one in seen.outside if one.reasons][:MOST_TOLD]:
        lines.append(f"  outside: {one.name}: {'; '.join(one.reasons)}")
    return "\n".join(lines)


def inspection_page(seen: Inspection) -> str:
    """The page."""
    escape = html.escape
    lines = summary(seen)
    mood = "bad" if seen.errors else "good"
    body = [f"<h1>{escape(lines[0])}</h1>", f'<p class="{mood}"><b>{escape(lines[1])}</b></p>']
    body += [f"<p>{escape(line)}</p>" for line in lines[2:]]
    if seen.findings:
        body += ["<h2>Findings by picture</h2>", _table(seen.findings)]
    if seen.faulty:
        body += ["<h2>Pictures with findings</h2>", _figures(seen.faulty)]
    body.append("<h2>Samples: mask yellow, pose cyan, corners magenta</h2>")
    body.append(_figures(seen.samples))
    body.append("<h2>Distributions</h2>")
    if seen.photographs:
        body.append("<p>Bars: these pictures. Red ticks below: the photographs.</p>")
    body += _plots(seen)
    if seen.outside:
        body += ["<h2>Photographs, farthest from these pictures first</h2>", *_photographs(seen)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(lines[0])}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _table(findings: Sequence[PictureFault]) -> str:
    rows = ["<tr><th>picture</th><th>block</th><th>kind</th><th>what</th></tr>"]
    for one in sorted(findings, key=lambda one: not one.error)[:MOST_LINES]:
        cells = (one.picture, one.block, one.kind, one.words)
        rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    if len(findings) > MOST_LINES:
        rows.append(f'<tr><td colspan="4">and {len(findings) - MOST_LINES} more</td></tr>')
    return "<table>" + "".join(rows) + "</table>"


def _figures(pictures: Mapping[str, NDArray[np.uint8]]) -> str:
    return "".join(_figure(name, image) for name, image in pictures.items())


def _figure(name: str, image: NDArray[np.uint8], caption: str = "") -> str:
    data = base64.b64encode(jpeg(image)).decode("ascii")
    name = html.escape(name)
    return (
        f'<figure><img alt="{name}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{name}{html.escape(caption)}</figcaption></figure>"
    )


def _plots(seen: Inspection) -> list[str]:
    blocks = [dict(block) for one in seen.measured for block in one.blocks]
    images = [dict(one.image) for one in seen.measured]
    real_blocks = [dict(block) for one in seen.photographs for block in one.blocks]
    real_images = [dict(one.image) for one in seen.photographs]
    parts = []
    numbers = np.array([len(one.blocks) for one in seen.measured])
    if len(numbers):
        parts.append(
            f"<p>Blocks a picture: {numbers.min()} to {numbers.max()}, mean {numbers.mean():.1f}.</p>"
        )
    for names, ours, theirs in (
        ((*BLOCK_FEATURES, *COLOR_FEATURES), blocks, real_blocks),
        (IMAGE_FEATURES, images, real_images),
    ):
        for name in names:
            values, real = known(ours, name), known(theirs, name)
            if FEATURES[name].logarithmic:
                values, real = values[values > 0], real[real > 0]
            if len(values):
                parts.append(histogram(FEATURES[name], values, real))
    return parts


def _photographs(seen: Inspection) -> list[str]:
    parts = []
    for one in seen.outside[:MOST_PHOTOGRAPHS]:
        near = ", ".join(f"{kind} {distance:.2f}" for kind, distance in one.distances.items())
        caption = f": {'; '.join(one.reasons) or 'inside'} (distance: {near})"
        figure = _figure(one.name, seen.thumbnails[one.name], caption)
        parts.append(figure.replace("<figure>", '<figure class="outside">', bool(one.reasons)))
    return parts
