"""The figures of an evaluation: as one mapping for programs, as tables for people."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from simreal_perception.evaluation.evaluation import (
    BlockResult,
    Evaluation,
    error_figures,
    pixel_figures,
)
from simreal_perception.evaluation.evaluation_run import EvaluationOutcome
from simreal_perception.evaluation.metrics.pose_recall import PoseRecall
from simreal_perception.evaluation.reliability import expected_calibration_error, reliability_bins

SCORES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
VISIBLE = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
DISTANCE_M = (0.0, 0.5, 0.7, 0.9, 1.1, np.inf)
NEAR_SHARE = 0.05  # a block counts as near if it is found within this share of its distance
UNKNOWN = "-"

Row = dict[str, Any]


def report(outcome: EvaluationOutcome, min_score: float) -> Row:
    """All figures, JSON-ready; millimetres, degrees, pixels, shares of 1.

    Args:
        min_score: estimates below it do not count, but for the reliability and the rows by score.
    """
    everything = outcome.evaluation
    counted = everything.above(min_score)
    bins = reliability_bins(*everything.promises)
    times = outcome.milliseconds or [float("nan")]
    return _finite(
        {
            "images": everything.images,
            "min_score": min_score,
            "wall_s": outcome.wall_s,
            "images_per_s": everything.images / max(outcome.wall_s, 1e-9),
            "estimator_ms_p50": float(np.median(times)),
            "estimator_ms_p95": float(np.quantile(times, 0.95)),
            "overall": {**counted.summary(), "near_share": near_share(counted)},
            "pose_recall": PoseRecall(counted.pose_errors).summary(),
            "by_group": _by_group(outcome, counted),
            "negatives": _negatives(outcome, counted),
            "by_visibility": _by(counted, VISIBLE, lambda block: block.visible, "{:.0%}"),
            "by_distance": _by(counted, DISTANCE_M, lambda block: block.distance_m, "{:.1f} m"),
            "best_balance": best_balance(everything),
            "by_score": [_at_score(everything, score) for score in SCORES],
            "reliability": [asdict(entry) for entry in bins],
            "expected_calibration_error": expected_calibration_error(bins),
            "blocks": [_block_row(outcome, block) for block in everything.blocks],
            "false_alarms": [
                {**asdict(alarm), "number": alarm.image, "image": outcome.names[alarm.image]}
                for alarm in everything.false_alarms
            ],
        }
    )


def best_balance(evaluation: Evaluation) -> Row:
    """The least score to count from for the largest harmonic mean of recall and precision (F1)."""
    found = [(error.score, True) for error in evaluation.errors]
    scores = sorted(found + [(alarm.score, False) for alarm in evaluation.false_alarms])
    score, best, right = 0.0, -1.0, len(found)
    for index, (threshold, is_block) in enumerate(scores):
        balance = 2 * right / (len(scores) - index + len(evaluation.required))
        if balance > best:
            score, best = threshold, balance
        right -= is_block
    part = evaluation.above(score).summary()
    return {"score": score, "recall": part["recall"], "precision": part["precision"]}


def near_share(evaluation: Evaluation) -> float:
    """Share of the required blocks that are found within NEAR_SHARE of their distance.

    Those whose distance nobody knows, labelled in the image alone, are left aside; not a number
    where there are no others.
    """
    known = sum(not block.only_2d for block in evaluation.required)
    near = sum(e.position_m <= NEAR_SHARE * e.distance_m for e in evaluation.metric_errors)
    return near / known if known else float("nan")


def text_report(figures: Mapping[str, Any], title: str) -> str:
    """The tables for people."""
    overall = figures["overall"]
    lines = [
        title,
        f"{figures['images']} images, {overall['blocks']} blocks to be found; estimates scored "
        f"{figures['min_score']:g} and more count",
        "",
        *_table(
            ("", "mean", "median", "95 %"),
            [
                (
                    f"{name} error, {unit}",
                    *(
                        number(overall[f"{key}_{which}_{short}"], digits)
                        for which in ("mean", "median", "p95")
                    ),
                )
                for name, key, unit, short, digits in (
                    ("position", "position", "mm", "mm", 1),
                    ("across the ray", "lateral", "mm", "mm", 1),
                    ("in the image", "lateral", "pixels", "px", 1),
                    ("along the ray", "range", "mm", "mm", 1),
                    ("rotation", "rotation", "degrees", "deg", 2),
                )
            ],
        ),
        "",
        f"recall {percent(overall['recall'])}, precision {percent(overall['precision'])}",
        f"found within {NEAR_SHARE:.0%} of the distance: {percent(overall['near_share'])}",
        f"found within 10 mm x distance / 0.9 m, of those found: {percent(overall['good_share'])}",
        f"range bias {number(overall['range_bias_mm'], 1)} mm; normalized squared error of "
        f"position, mean {number(overall['nees_mean'], 2)} (wanted 3), median "
        f"{number(overall['nees_median'], 2)} (wanted 2.37)",
        *(
            f"error {words} within 1, 2, 3 standard deviations: "
            + ", ".join(percent(overall[f"{name}_within_{n}_sigma"]) for n in (1, 2, 3))
            + " (wanted 68.3, 95.5, 99.7)"
            for name, words in (("range", "along the ray"), ("lateral", "across it"))
        ),
        *_pose_recall_lines(figures["pose_recall"]),
        f"estimator {number(figures['estimator_ms_p50'], 1)} ms (median); "
        f"{figures['images_per_s']:.1f} images/s in all",
    ]
    if figures["by_group"]:
        lines += ["", *_group_table(figures)]
    head = ("blocks", "recall", "position mm", "median", "95 %", "rotation deg", "near")
    for name, key in (("visible", "by_visibility"), ("distance", "by_distance")):
        rows = [(*range_row(row), percent(row["near_share"])) for row in figures[key]]
        if len(rows) > 1:
            lines += ["", *_table((name, *head), rows)]
    by_score = [
        (
            f"{row['score']:g}",
            percent(row["recall"]),
            percent(row["precision"]),
            number(row["position_mean_mm"], 1),
            percent(row["near_share"]),
        )
        for row in figures["by_score"]
    ]
    lines += ["", *_table(("score from", "recall", "precision", "position mm", "near"), by_score)]
    balance = figures["best_balance"]
    lines += [
        f"recall and precision balance best from score {balance['score']:.3f}: "
        f"{percent(balance['recall'])} and {percent(balance['precision'])}"
    ]
    error = figures["expected_calibration_error"]
    trust = [
        (
            f"{row['low']:.1f} to {row['high']:.1f}",
            str(row["count"]),
            percent(row["score"]),
            percent(row["share"]),
        )
        for row in figures["reliability"]
    ]
    lines += [
        "",
        "How far a score can be trusted: share of estimates that are of a block",
        *_table(("score", "estimates", "mean score", "share"), trust),
        f"expected calibration error {number(error, 3)}",
    ]
    return "\n".join(lines)


def _pose_recall_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"of {figures['blocks']} blocks at least a tenth visible, average recall by MSSD "
        f"{percent(figures['ar_mssd'])}, by MSPD {percent(figures['ar_mspd'])} (BOP); by ADD-S "
        f"{percent(figures['add_s_recall'])} within a tenth of the diameter, area under its curve "
        f"to 10 cm {percent(figures['add_s_auc'])}"
    )


def _by(
    evaluation: Evaluation,
    edges: Sequence[float],
    value: Callable[[BlockResult], float | None],
    form: str,
) -> list[Row]:
    """Figures of the required blocks whose value lies between two neighbours of `edges`."""
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = [
            block
            for block in evaluation.required
            if (v := value(block)) is not None and low <= v and (v < high or v == high == edges[-1])
        ]
        if not inside:
            continue
        part = Evaluation(inside)
        name = f"{form.format(low)} to {form.format(high)}"
        if np.isinf(high):
            name = f"above {form.format(low)}"
        elif low == 0:
            name = f"below {form.format(high)}"
        rows.append(
            {
                "range": name,
                "blocks": len(inside),
                "recall": 1 - part.missed / len(inside),
                "near_share": near_share(part),
                **error_figures(part.metric_errors),
                **pixel_figures(part.errors),
            }
        )
    return rows


def _by_group(outcome: EvaluationOutcome, evaluation: Evaluation) -> list[Row]:
    """Figures of each group of labelled photographs, then of all of them; none without groups."""
    if not outcome.groups:
        return []
    return [
        *(
            _group_row(
                name, evaluation, {n for n, group in outcome.groups.items() if group == name}
            )
            for name in sorted(set(outcome.groups.values()))
        ),
        _group_row("all", evaluation, set(outcome.groups)),
    ]


def _group_row(name: str, evaluation: Evaluation, images: set[int]) -> Row:
    """Means over the blocks that were found; of the bias of range the median."""
    part = Evaluation(
        [block for block in evaluation.blocks if block.image in images],
        [alarm for alarm in evaluation.false_alarms if alarm.image in images],
    )
    figures = part.summary()
    ranges = np.array([100 * e.range_m / e.distance_m for e in part.metric_errors] or [np.nan])
    return {
        "group": name,
        "images": len(images),
        "blocks": len(part.required),
        "recall": figures["recall"] if part.required else float("nan"),
        "false": part.false,
        "images_with_false": len({alarm.image for alarm in part.false_alarms}),
        "lateral_mean_mm": figures["lateral_mean_mm"],
        "lateral_mean_px": figures["lateral_mean_px"],
        "range_bias_percent": float(np.median(ranges)),
        "range_mean_percent": float(np.abs(ranges).mean()),
        "rotation_mean_deg": figures["rotation_mean_deg"],
        "position_mean_mm": figures["position_mean_mm"],
    }


def _negatives(outcome: EvaluationOutcome, evaluation: Evaluation) -> Row:
    """How many images have no block that must be found, and in how many of these one was seen."""
    negatives = set(outcome.names) - {block.image for block in evaluation.required}
    with_false = negatives & {alarm.image for alarm in evaluation.false_alarms}
    return {"images": len(negatives), "with_false": len(with_false)}


def range_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Cells of the blocks of a range: range, blocks, recall, errors of position and rotation."""
    return (
        row["range"],
        str(row["blocks"]),
        percent(row["recall"]),
        number(row["position_mean_mm"], 1),
        number(row["position_median_mm"], 1),
        number(row["position_p95_mm"], 1),
        number(row["rotation_mean_deg"], 2),
    )


def _group_table(figures: Mapping[str, Any]) -> Iterator[str]:
    head = (
        "group", "images", "blocks", "recall", "false", "lateral mm", "px", "range % bias / mean",
        "rotation deg",
    )  # fmt: skip
    rows = [
        (
            row["group"],
            str(row["images"]),
            str(row["blocks"]),
            number(row["recall"], 3),
            str(row["false"]),
            number(row["lateral_mean_mm"], 2),
            number(row["lateral_mean_px"], 2),
            f"{number(row['range_bias_percent'], 2)} / {number(row['range_mean_percent'], 2)}",
            number(row["rotation_mean_deg"], 2),
        )
        for row in figures["by_group"]
    ]
    yield from _table(head, rows)
    negatives = figures["negatives"]
    yield (
        f"images without blocks: {negatives['images']}, "
        f"with any false block: {negatives['with_false']}"
    )


def _at_score(evaluation: Evaluation, score: float) -> Row:
    part = evaluation.above(score)
    summary = part.summary()
    names = ("recall", "precision", "position_mean_mm", "rotation_mean_deg")
    return {
        "score": score,
        **{name: summary[name] for name in names},
        "near_share": near_share(part),
    }


def _block_row(outcome: EvaluationOutcome, block: BlockResult) -> Row:
    row = asdict(block)
    row["number"], row["image"] = block.image, outcome.names[block.image]
    row["distance_m"] = block.distance_m
    return row


def _finite(value: Any) -> Any:
    """JSON has no NaN: what nobody could measure becomes null."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def number(value: float | None, digits: int) -> str:
    """A figure for people, which may be unknown."""
    return UNKNOWN if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """A share for people, which may be unknown."""
    return UNKNOWN if value is None else f"{100 * value:.1f} %"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, the first column left, the others right."""
    cells = [tuple(head), *map(tuple, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
