"""Compares the estimator with tags on the same frames, by the conditions that blocks are seen under."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simreal_bench.tags.tagged_scenes import Conditions, TaggedImage, TaggedScenes
from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_perception.evaluation.evaluation import BlockResult, Evaluation, error_figures

# The estimator on blocks as they look without tags, on the blocks with tags, and the tags' own.
NETWORK, NETWORK_ON_TAGS, TAGS = "network", "network_on_tags", "tags"
METHODS = (NETWORK, NETWORK_ON_TAGS, TAGS)
LEAST_VISIBLE = 0.1  # share of a block that must be seen for it to be asked for

Row = dict[str, Any]


class Method(Protocol):
    """What finds blocks of a known edge in an image."""

    def estimate(
        self, image_rgb: NDArray[np.uint8], camera: Camera, edge: float
    ) -> list[BlockEstimate]: ...


@dataclass(frozen=True)
class Condition:
    """A condition and the ranges of it that are told apart.

    Args:
        name, unit: for people; the unit is empty where there is none.
        value: of a block's conditions, in that unit.
        edges: between ranges, ascending; what lies outside belongs to the outermost ones.
    """

    name: str
    unit: str
    value: Callable[[Conditions], float]
    edges: tuple[float, ...]

    def place(self, conditions: Conditions) -> int:
        """Number of the range that a block belongs to."""
        place = int(np.searchsorted(self.edges, self.value(conditions), side="right")) - 1
        return min(max(place, 0), len(self.edges) - 2)


CONDITIONS = (
    Condition(
        "view angle", "degrees", lambda c: float(np.degrees(c.view_angle_rad)),
        (0.0, 15.0, 25.0, 35.0, 45.0, 55.0),
    ),
    Condition("brightness", "grey value", lambda c: c.brightness, (0, 50, 90, 130, 170, 255)),
    Condition("blur", "pixels", lambda c: c.blur_px, (0.0, 0.25, 0.75, 1.25, 2.0, 4.0)),
    Condition("distance", "m", lambda c: c.distance_m, (0.25, 0.5, 0.7, 0.9, 1.2, 1.8)),
    Condition("hidden", "%", lambda c: 100 * c.hidden, (0.0, 5.0, 20.0, 40.0, 60.0, 90.0)),
)  # fmt: skip


@dataclass(eq=False)
class TagComparison:
    """What the methods made of the same frames.

    Args:
        evaluations: blocks and estimates by method; blocks in the same order.
        milliseconds: of processor time for each frame by method.
        conditions: of each block.
    """

    evaluations: dict[str, Evaluation] = field(
        default_factory=lambda: {name: Evaluation() for name in METHODS}
    )
    milliseconds: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in METHODS}
    )
    conditions: list[Conditions] = field(default_factory=list)

    def add(self, picture: TaggedImage, found: Mapping[str, Sequence[BlockEstimate]]) -> None:
        """Take in what the methods found in an image."""
        asked = [b for b in picture.blocks if 1 - b.conditions.hidden >= LEAST_VISIBLE]
        free = [b for b in picture.blocks if 1 - b.conditions.hidden < LEAST_VISIBLE]
        for method, estimates in found.items():
            self.evaluations[method].add(
                estimates, [b.pose for b in asked], [b.pose for b in free], picture.edge,
                camera=picture.camera,
            )  # fmt: skip
        self.conditions += [b.conditions for b in asked]

    def table(self) -> Row:
        """Figures of each method, over all blocks and by each condition; JSON-ready."""
        required = {name: part.required for name, part in self.evaluations.items()}
        overall = {
            name: {
                **_figures(required[name]),
                "precision": _finite(part.summary()["precision"]),
                "ms_p50": _finite(float(np.median(self.milliseconds[name] or [np.nan]))),
                "ms_p95": _finite(float(np.quantile(self.milliseconds[name] or [np.nan], 0.95))),
            }
            for name, part in self.evaluations.items()
        }
        return {
            "frames": self.evaluations[NETWORK].images,
            "overall": overall,
            "found_by_all": {name: _figures(blocks) for name, blocks in _shared(required).items()},
            "by_condition": {c.name: self._by(c, required) for c in CONDITIONS},
        }

    def _by(self, condition: Condition, required: Mapping[str, list[BlockResult]]) -> list[Row]:
        places = [condition.place(block) for block in self.conditions]
        rows: list[Row] = []
        for index, (low, high) in enumerate(itertools.pairwise(condition.edges)):
            inside = {
                name: [block for block, place in zip(blocks, places) if place == index]
                for name, blocks in required.items()
            }
            rows.append(
                {
                    "low": low,
                    "high": high,
                    "unit": condition.unit,
                    "blocks": places.count(index),
                    **{name: _figures(blocks) for name, blocks in inside.items()},
                }
            )
        return rows


def compare_tags(
    scenes: TaggedScenes,
    frames: int,
    network: Method,
    tags: Method,
    min_score: float,
    progress: Callable[[], object] = lambda: None,
) -> TagComparison:
    """Let the methods look at the same frames, in turns, in this thread.

    Args:
        network, tags: which compute in this thread alone, so that its processor time is theirs.
        min_score: estimates of the network below it do not count.
        progress: called after each frame.
    """
    comparison = TagComparison()
    for number in range(frames):
        picture = scenes.draw(number)
        found = {}
        for name, method, image in (
            (NETWORK, network, picture.plain),
            (NETWORK_ON_TAGS, network, picture.image),
            (TAGS, tags, picture.image),
        ):
            start = time.process_time()
            estimates = method.estimate(image, picture.camera, picture.edge)
            comparison.milliseconds[name].append((time.process_time() - start) * 1e3)
            found[name] = [e for e in estimates if name == TAGS or e.score >= min_score]
        comparison.add(picture, found)
        progress()
    return comparison


def _shared(required: Mapping[str, list[BlockResult]]) -> dict[str, list[BlockResult]]:
    """Of each method the blocks that every method found."""
    rows = [row for row in zip(*required.values()) if all(block.error for block in row)]
    return {name: [row[index] for row in rows] for index, name in enumerate(required)}


def _figures(blocks: Sequence[BlockResult]) -> Row:
    errors = [block.error for block in blocks if block.error is not None]
    told = error_figures(errors)
    keys = (
        "position_median_mm", "position_p95_mm", "lateral_median_mm", "range_median_mm",
        "rotation_median_deg", "rotation_p95_deg",
    )  # fmt: skip
    return {
        "blocks": len(blocks),
        "recall": len(errors) / len(blocks) if blocks else None,
        **{key: _finite(told[key]) for key in keys},
    }


def _finite(value: float) -> float | None:
    """JSON has no NaN: what nobody could measure becomes null."""
    return round(float(value), 4) if np.isfinite(value) else None
