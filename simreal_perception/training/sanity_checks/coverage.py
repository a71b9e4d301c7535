"""Checks that what is drawn fills the ranges of randomization that the configuration gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_perception.labelled_batches.keypoints import center_and_edge
from simreal_perception.labelled_batches.pose_data import LEAST_DISTANCE_EDGES, CropBatch
from simreal_perception.training.sanity_checks.causes import Cause, Finding
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.randomization.ranges.ranges import (
    Integers,
    LogUniform,
    Normal,
    Share,
    Uniform,
    Weights,
)
from simreal_sim.randomization.ranges_file import changed_keys, ranges_values

Array = NDArray[np.float64]

SEED, DRAWS = 11, 400
# Share of a range at either end that 400 even draws leave empty once in 200,000 times.
END = 0.03
HEAPED = 0.05  # share of draws of exactly one value, from which it is a clip
DEVIATIONS = 5.0
LEAST_EXPECTED = 12.0  # draws of a kind, of which none at all is no chance
# Of labels there are fewer: so much of a range may lie empty at an end, of an edge a scene, of the
# others a view.
OF_SCENES, OF_VIEWS = 0.3, 0.12
LEAST_VIEWS = 100
SHOWN = 4


def coverage_findings(
    configured: RandomizationConfig, source: Any, clear: list[Any]
) -> Iterator[Finding]:
    """Ranges that are cut somewhere between the configuration and the labels.

    Args:
        source: may say by its attribute `randomization` what it draws from.
        clear: batches of plain scenes (`probe.CLEAR_GROUPS`) that were drawn from these ranges.
    """
    taken = getattr(source, "randomization", configured)
    changes = changed_keys(ranges_values(configured), ranges_values(taken))
    changes += [f"{name} off" for name in sorted(taken.disabled - configured.disabled)]
    if changes:
        yield Finding(
            Cause.CLIPPED, "the source draws from other ranges: " + ", ".join(changes[:SHOWN])
        )
    rng = np.random.default_rng(SEED)
    cut = [
        f"{group}.{entry.name} {fault}"
        for group in GROUPS
        for entry in dataclasses.fields(getattr(taken, group))
        for fault in _of_range(getattr(getattr(taken, group), entry.name), rng)
    ]
    if cut:
        yield Finding(Cause.CLIPPED, "; ".join(cut[:SHOWN]))
    if clear and all(isinstance(batch, CropBatch) for batch in clear):
        for fault in _of_crops(configured, clear):
            yield Finding(Cause.CLIPPED, fault)


def _of_range(kind: Any, rng: np.random.Generator) -> Iterator[str]:
    """How a range's draws differ from what it says."""
    if isinstance(kind, Uniform):
        if kind.low == kind.high:
            return
        values = (
            kind.draw_integers(DRAWS, rng) if isinstance(kind, Integers) else kind.draw(DRAWS, rng)
        )
        place = _place(values.astype(float), kind)
        end = 0.0 if isinstance(kind, Integers) else END
        yield from _unfilled(place, kind, values, end)
        if not isinstance(kind, Integers):
            _, counts = np.unique(values, return_counts=True)
            if counts.max() > HEAPED * DRAWS:
                yield f"gives one value in {counts.max() / DRAWS:.0%} of the draws"
    elif isinstance(kind, Normal):
        spread = float(kind.draw(DRAWS, rng).std())
        if abs(spread - kind.sigma) > 0.3 * kind.sigma:
            yield f"spreads by {spread:.3g} instead of {kind.sigma:.3g}"
    elif isinstance(kind, Share):
        rate = float(kind.draw(DRAWS, rng).mean())
        allowed = DEVIATIONS * np.sqrt(max(kind.value * (1 - kind.value), 1e-9) / DRAWS)
        if abs(rate - kind.value) > allowed:
            yield f"is true in {rate:.0%} instead of {kind.value:.0%}"
    elif isinstance(kind, Weights):
        shares = np.array(kind.values) / sum(kind.values)
        counts = np.bincount(kind.draw(DRAWS, rng), minlength=len(shares))
        for name, share, count in zip(kind.names, shares, counts, strict=True):
            if share * DRAWS > LEAST_EXPECTED and not count:
                yield f"never gives {name}"


def _of_crops(configured: RandomizationConfig, batches: list[CropBatch]) -> Iterator[str]:
    """Edges, distances and elevations of labelled blocks that stand upright, against the ranges."""
    known = [batch.target == 1 for batch in batches]
    points, rotation = (
        np.concatenate([getattr(b, name)[k] for b, k in zip(batches, known, strict=True)])
        for name in ("points", "rotation")
    )
    if len(points) < LEAST_VIEWS:
        return
    center, edge = center_and_edge(points.astype(float), configured.shape)
    if configured.on("edge") and configured.edge.edge_m.low < configured.edge.edge_m.high:
        kind: Uniform = configured.edge.edge_m
        for fault in _unfilled(_place(edge, kind), kind, edge, OF_SCENES):
            yield f"edges of labelled blocks: edge.edge_m {fault}"
    if not configured.on("camera"):
        return
    camera = configured.camera
    far = np.linalg.norm(center, axis=1)
    low = max(camera.distance_edges.low, LEAST_DISTANCE_EDGES)
    high = np.minimum(camera.distance_edges.high, camera.farthest_m.high / edge)
    room = high > 2 * low
    place = np.log(far / edge / low)[room] / np.log(high[room] / low)
    for fault in _unfilled(place, camera.distance_edges, (far / edge)[room], OF_VIEWS):
        yield f"distances of labelled blocks: camera.distance_edges {fault}"
    sine = -np.einsum("nij,ni->nj", rotation, center / far[:, None])[:, 2].astype(float)
    if camera.overhead.value <= 0.9 and camera.sine_elevation.low < camera.sine_elevation.high:
        place = _place(sine, camera.sine_elevation)
        for fault in _unfilled(place, camera.sine_elevation, sine, OF_VIEWS):
            yield f"elevations of labelled views: camera.sine_elevation {fault}"


def _place(values: Array, kind: Uniform) -> Array:
    """Where in a range values lie, 0 at its low end, 1 at its high one."""
    low, high = kind.low, kind.high
    if isinstance(kind, LogUniform):
        values, low, high = np.log(values), np.log(low), np.log(high)
    return np.asarray((values - low) / (high - low), np.float64)


def _unfilled(place: Array, kind: Uniform, values: Any, end: float) -> Iterator[str]:
    if len(place) and (place.min() > end + 1e-9 or place.max() < 1.0 - end - 1e-9):
        yield (
            f"[{kind.low:g}, {kind.high:g}] is drawn from {values.min():.3g} to {values.max():.3g} "
            "alone"
        )
