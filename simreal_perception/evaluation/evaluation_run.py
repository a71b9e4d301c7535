"""Run a model over the examples of a source, in one process or shared among several."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import cv2

from simreal_common.block_estimate import BlockEstimate
from simreal_perception.evaluation.evaluation import Evaluation
from simreal_perception.evaluation.evaluation_data import Example, ExampleSource
from simreal_perception.evaluation.evaluation_plane import PlaneKnowledge
from simreal_perception.evaluation.image_matching import compare
from simreal_perception.evaluation.metrics.image_errors import ImageErrors, Target
from simreal_perception.pose_estimation.estimator import BlockEstimator

CHUNK = 4  # examples that a worker takes at once


@dataclass(eq=False)
class EvaluationOutcome:
    """What a model made of some examples.

    Args:
        evaluation: blocks and estimates, at every score; images by their number.
        names: of the images, by number.
        milliseconds: of wall time that the estimator took for each, without drawing.
        wall_s: of everything, drawing included.
        groups: of the labelled photographs, by number.
    """

    evaluation: Evaluation = field(default_factory=Evaluation)
    names: dict[int, str] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)
    wall_s: float = 0.0
    groups: dict[int, str] = field(default_factory=dict)

    def add(self, found: Sequence[BlockEstimate], example: Example, number: int) -> None:
        """Take in what was found in an example."""
        self.names[number] = example.name
        self.evaluation.pose_errors.append(_pose_errors(found, example))
        if example.labels is None:
            self.evaluation.add(
                found,
                example.blocks,
                example.hidden,
                example.edge,
                example.visible,
                number,
                example.camera,
                example.edges,
            )
        else:
            self.groups[number] = example.labels.group
            self.evaluation.add_compared(compare(found, example, example.labels, number))

    def extend(self, other: EvaluationOutcome) -> None:
        """Take in other examples of the same source; wall times are left alone."""
        self.evaluation.extend(other.evaluation)
        self.names.update(other.names)
        self.groups.update(other.groups)
        self.milliseconds += other.milliseconds


def evaluate(
    model: str,
    source: ExampleSource,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda images: None,
    knowledge: PlaneKnowledge | None = None,
) -> EvaluationOutcome:
    """Let a model estimate every example of a source.

    Args:
        model: as `BlockEstimator.load` takes it.
        jobs: processes; with more than one each has an estimator of one thread, and draws its own
            examples. The outcome is the same but for the times.
        progress: called with the number of images that are newly done.
        knowledge: what the estimator is told of the examples' planes; None: nothing.

    Raises:
        SimrealError: as the source and the estimator raise it.
    """
    numbers = range(source.count)
    chunks = [numbers[i : i + CHUNK] for i in range(0, len(numbers), CHUNK)]
    start, total = time.perf_counter(), EvaluationOutcome()
    if jobs <= 1:
        estimator = BlockEstimator.load(model)
        for chunk in chunks:
            total.extend(_examine(estimator, source, chunk, knowledge))
            progress(len(chunk))
    else:
        with ProcessPoolExecutor(
            min(jobs, max(len(chunks), 1)),
            multiprocessing.get_context("spawn"),
            _start_worker,
            (model, source, knowledge),
        ) as pool:
            for outcome in pool.map(_work, chunks):
                total.extend(outcome)
                progress(len(outcome.names))
    total.wall_s = time.perf_counter() - start
    return total


def _examine(
    estimator: BlockEstimator,
    source: ExampleSource,
    numbers: Sequence[int],
    knowledge: PlaneKnowledge | None,
) -> EvaluationOutcome:
    outcome = EvaluationOutcome()
    for number, example in zip(numbers, source.examples(numbers)):
        plane = knowledge.told(example.plane, number) if knowledge else None
        start = time.perf_counter()
        found = estimator.estimate(example.image, example.camera, example.edge, plane)
        outcome.milliseconds.append((time.perf_counter() - start) * 1e3)
        outcome.add(found, example, number)
    return outcome


def _pose_errors(found: Sequence[BlockEstimate], example: Example) -> ImageErrors:
    shares: list[float | None] = [*example.visible]
    shares += [None] * (len(example.sized_blocks) - len(shares))
    targets = [
        Target(pose, edge, share) for (pose, edge), share in zip(example.sized_blocks, shares)
    ]
    only_2d = example.labels is not None and example.labels.only_2d
    return ImageErrors.of(found, targets, example.camera, only_2d)


# What a worker process works with, set once when it starts.
_worker: list[tuple[BlockEstimator, ExampleSource, PlaneKnowledge | None]] = []


def _start_worker(model: str, source: ExampleSource, knowledge: PlaneKnowledge | None) -> None:
    cv2.setNumThreads(1)
    try:
        import numba

        numba.set_num_threads(1)
    except ModuleNotFoundError:  # photographs and bags are not drawn
        pass
    _worker.append((BlockEstimator.load(model, threads=1), source, knowledge))


def _work(numbers: Sequence[int]) -> EvaluationOutcome:
    estimator, source, knowledge = _worker[0]
    return _examine(estimator, source, numbers, knowledge)
