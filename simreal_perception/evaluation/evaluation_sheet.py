"""An image sheet of the worst cases: what was missed, what was false, what was far off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.shapes.lines import shown_lines
from simreal_common.shapes.shape import Shape
from simreal_perception.evaluation.evaluation import BlockResult, FalseAlarm
from simreal_perception.evaluation.evaluation_data import Example, ExampleSource
from simreal_perception.evaluation.evaluation_plane import PlaneKnowledge
from simreal_perception.evaluation.evaluation_run import EvaluationOutcome
from simreal_perception.pose_estimation.estimator import BlockEstimator

RgbImage = NDArray[np.uint8]

TILE, CAPTION, COLUMNS = 240, 38, 6  # pixels of a tile's side and of the text below it
CASES = 36  # half of them far off, a quarter missed, a quarter false, as far as there are any
ROOM = 3.0  # edges of a block that a tile shows to each side of it
TRUTH, ESTIMATE = (40, 255, 60), (255, 60, 220)
FONT = cv2.FONT_HERSHEY_SIMPLEX

Case = BlockResult | FalseAlarm


def worst_cases(outcome: EvaluationOutcome, min_score: float, count: int = CASES) -> list[Case]:
    """The blocks found worst, blocks that were missed, and the surest false alarms."""
    evaluation = outcome.evaluation.above(min_score)
    found = [block for block in evaluation.required if block.error is not None]
    missed = [block for block in evaluation.required if block.error is None]
    far_off = sorted(
        (block for block in found if not block.only_2d), key=_position_error, reverse=True
    )
    plainly = sorted(missed, key=lambda block: -(block.visible or 0.0))
    alarms = sorted(evaluation.false_alarms, key=lambda alarm: -alarm.score)
    quarter = count // 4
    failed: list[Case] = [*plainly[:quarter], *alarms[:quarter]]
    return [*far_off[: count - len(failed)], *failed]


def draw_sheet(
    estimator: BlockEstimator,
    source: ExampleSource,
    cases: Sequence[Case],
    min_score: float,
    knowledge: PlaneKnowledge | None = None,
) -> RgbImage:
    """Draw cases as tiles, RGB: truth green, estimates magenta, what happened below.

    The examples are made again, which their numbers allow, rather than kept.
    """
    numbers = sorted({case.image for case in cases})
    tiles: dict[int, RgbImage] = {}
    for number, example in zip(numbers, source.examples(numbers)):
        plane = knowledge.told(example.plane, number) if knowledge else None
        found = estimator.estimate(example.image, example.camera, example.edge, plane)
        found = [block for block in found if block.score >= min_score]
        for index, case in enumerate(cases):
            if case.image == number:
                tiles[index] = _tile(case, example, found)
    images = [tiles[index] for index in range(len(cases))]
    title = np.full((34, COLUMNS * TILE, 3), 24, dtype=np.uint8)
    text = f"{source.name}: truth green, estimate magenta"
    cv2.putText(title, text, (8, 23), FONT, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    blank = np.full((TILE + CAPTION, TILE, 3), 24, dtype=np.uint8)
    images += [blank] * (-len(images) % COLUMNS)
    rows = [np.hstack(images[i : i + COLUMNS]) for i in range(0, len(images), COLUMNS)]
    return np.vstack([title, *rows])


def _position_error(block: BlockResult) -> float:
    return 0.0 if block.error is None else block.error.position_m


@dataclass(frozen=True)
class _Window:
    """A square of an image, drawn `scale` times as large."""

    left: float
    top: float
    scale: float

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Affine map from pixels of the image to pixels of the tile."""
        shift = 0.5 * self.scale - 0.5  # pixel centres are whole numbers in both
        return np.array(
            [
                [self.scale, 0, shift - self.scale * self.left],
                [0, self.scale, shift - self.scale * self.top],
            ]
        )


def _tile(case: Case, example: Example, found: Sequence[BlockEstimate]) -> RgbImage:
    window = _window(np.array(case.position_m), example)
    tile = cv2.warpAffine(
        example.image,
        window.matrix,
        (TILE, TILE),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
    )
    shape = example.shape
    for pose, edge in example.sized_blocks:
        _wireframe(tile, example.camera, shape, pose, edge, TRUTH, window)
    for block in found:
        _wireframe(tile, example.camera, shape, block.pose, example.edge, ESTIMATE, window)
    strip = np.full((CAPTION, TILE, 3), 24, dtype=np.uint8)
    for row, line in enumerate(_caption(case, example)):
        cv2.putText(strip, line, (5, 15 + 16 * row), FONT, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return np.vstack([tile, strip])


def _window(subject: NDArray[np.float64], example: Example) -> _Window:
    """What to show of an example: ROOM edges about a place in the optical frame, metres."""
    middle = example.camera.project(subject)
    focal = float(example.camera.matrix[0, 0])
    half = max(ROOM / 2 * focal * example.edge / max(float(subject[2]), 0.05), 8.0)
    return _Window(float(middle[0]) - half, float(middle[1]) - half, TILE / (2 * half))


def _wireframe(
    tile: RgbImage,
    camera: Camera,
    shape: Shape,
    pose: Pose,
    edge: float,
    color: tuple[int, int, int],
    window: _Window,
) -> None:
    (arms,), (faces,) = shown_lines(shape, pose.rotation[None], pose.position[None], edge)
    lines = arms + pose.position
    if lines[..., 2].min() < 1e-2:
        return
    lines = lines[faces > 0] if shape.is_round else lines
    pixels = camera.project(lines) @ window.matrix[:, :2].T + window.matrix[:, 2]
    if not (np.abs(pixels) < 20 * TILE).all():
        return
    fixed = np.rint(pixels * 16).astype(np.int32)
    for start, end in fixed.tolist():
        cv2.line(tile, start, end, color, 1, cv2.LINE_AA, 4)


def _caption(case: Case, example: Example) -> Iterator[str]:
    if isinstance(case, FalseAlarm):
        yield f"FALSE, score {case.score:.2f}"
        yield f"{np.linalg.norm(case.position_m):.2f} m, {example.name}"
        return
    if case.error is None:
        yield "MISSED"
    else:
        error = case.error
        yield (
            f"{error.position_m * 1e3:.0f} mm {np.degrees(error.rotation_rad):.0f} deg, "
            f"score {error.score:.2f}"
        )
    seen = "" if case.visible is None else f"{case.visible:.0%} "
    yield f"{seen}at {case.distance_m:.2f} m, {example.name}"
