"""Losses: of what nothing is known nothing is learned; right answers cost less than wrong ones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from simreal_common.shapes.shape import CUBE  # noqa: E402
from simreal_perception.labelled_batches.detector_data import WindowBatch  # noqa: E402
from simreal_perception.labelled_batches.pose_data import CropBatch  # noqa: E402
from simreal_perception.networks.rotation_charts import charts_of  # noqa: E402
from simreal_perception.training.tasks.detector_loss import detector_loss  # noqa: E402
from simreal_perception.training.tasks.loss import Loss  # noqa: E402
from simreal_perception.training.tasks.pose_loss import pose_loss  # noqa: E402

CHARTS = charts_of(CUBE).count


def crops(targets: list[float]) -> CropBatch:
    """Crops whose blocks have all corners in the middle, and whose edges are far away."""
    n = len(targets)
    return CropBatch(
        images=np.zeros((n, 64, 64, 3), np.uint8),
        corners=np.zeros((n, 8, 2), np.float32),
        points=np.zeros((n, 8, 3), np.float32),
        rotation=np.tile(np.eye(3, dtype=np.float32), (n, 1, 1)),
        focal=np.ones(n, np.float32),
        target=np.array(targets, np.float32),
        visible=np.ones(n, np.float32),
        field=np.zeros((n, 2, 32, 32), np.float32),
        edge_distance=np.full((n, 32, 32), np.inf, np.float32),
    )


def answers(block: list[float]) -> tuple[torch.Tensor, ...]:
    """What a pose network says that knows of nothing but whether there is a block."""
    n = len(block)
    return (
        torch.zeros(n, CHARTS, 8, 2),
        torch.zeros(n, CHARTS),
        torch.zeros(n, CHARTS),
        torch.tensor(block, requires_grad=True),
        torch.zeros(n, 3, 32, 32),
    )


def loss_without_blocks(outputs: tuple[torch.Tensor, ...], batch: CropBatch) -> Loss:
    nothing = np.zeros((0, CHARTS)), np.zeros((0, CHARTS, 8, 2), np.float32)
    return pose_loss(outputs, batch, *nothing, radius=1.0)


def test_crops_that_are_neither_block_nor_none_teach_the_pose_network_nothing() -> None:
    outputs = answers([3.0, -3.0])
    loss = loss_without_blocks(outputs, crops([np.nan, np.nan]))
    assert float(loss.total.detach()) == 0.0 and loss.figures == {}
    loss.total.backward()
    assert outputs[3].grad is not None and not outputs[3].grad.any()


def test_what_is_taken_for_a_block_and_is_none_costs() -> None:
    sure, fooled = (loss_without_blocks(answers([block]), crops([0.0])) for block in (-5.0, 5.0))
    assert float(sure.total.detach()) < 0.01 < 1.0 < float(fooled.total.detach())
    assert sure.per_image is not None and fooled.per_image is not None
    assert sure.per_image[0] < 0.01 and fooled.per_image[0] > 4.0
    assert (sure.figures["block"], fooled.figures["block"]) == (1.0, 0.0)


def windows() -> WindowBatch:
    """A window with one centre."""
    center = np.zeros((1, 40, 40), bool)
    center[0, 10, 20] = True
    ones = np.ones((1, 40, 40), np.float32)
    return WindowBatch(
        images=np.zeros((1, 160, 160, 3), np.uint8),
        heat=center.astype(np.float32),
        weight=ones,
        values=np.zeros((1, 3, 40, 40), np.float32),
        center=center,
    )


def raw(row: int, column: int, values: float = 0.0) -> torch.Tensor:
    """What a detector says that is sure of one centre."""
    answer = torch.full((1, 4, 40, 40), values)
    answer[:, 0] = -8.0
    answer[:, 0, row, column] = 8.0
    return answer


def test_the_detector_pays_for_centres_elsewhere_and_for_wrong_values() -> None:
    batch = windows()
    right, elsewhere, wrong_values = (
        detector_loss(answer, batch) for answer in (raw(10, 20), raw(30, 5), raw(10, 20, 0.5))
    )
    assert float(right.total) < 0.01 and right.figures["recall"] == right.figures["precision"] == 1
    assert float(elsewhere.total) > 10.0 and elsewhere.figures["recall"] == 0.0
    assert float(wrong_values.total) == pytest.approx(float(right.total) + 1.5)


def test_where_a_block_is_too_hidden_to_say_the_detector_learns_nothing() -> None:
    batch = windows()
    hidden = dataclasses.replace(batch, weight=np.zeros_like(batch.weight))
    assert float(detector_loss(raw(30, 5), hidden).total) == 0.0
