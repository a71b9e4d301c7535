"""The estimator beside ArUco markers and beside a belief-map network of DOPE's size, on one CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_bench.speed.bench_images import (
    BLOCKS,
    MARKER_DICTIONARY,
    BlockImage,
    block_images,
    marker_image,
)
from simreal_bench.speed.timing import Timing, in_turns
from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_perception.model_files.onnx_session import open_network
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.pose_estimation.detection import Detections
from simreal_perception.pose_estimation.estimator import BlockEstimator

MARKER_EDGE_M = 0.05
LEAST_SCORE = MIN_SCORE  # estimates that count as found
# Calls a turn: short jobs are repeated, the belief-map network takes seconds.
CALLS = 20
ESTIMATOR, DETECTOR, ARUCO, BELIEFS = "estimator", "detector", "aruco", "beliefs"


@dataclass(frozen=True)
class BeliefMaps:
    """What is known of the belief-map network beside its time."""

    parameters: int
    operations: int
    height: int
    width: int


@dataclass(frozen=True)
class EstimateBench:
    """One run.

    Attributes:
        timings: by name; `beliefs` is missing where there is no torch.
        beliefs: the belief-map network; None where there is no torch.
        found: mean number of estimates with a score of at least 0.5, of six blocks an image.
        candidates: mean number of crops that the pose network looks at, an image.
        markers: mean number of markers found, of six an image.
    """

    timings: dict[str, Timing]
    beliefs: BeliefMaps | None
    found: float
    candidates: float
    markers: float
    speedup: float | None = field(init=False)

    def __post_init__(self) -> None:
        known = self.timings.get(BELIEFS)
        ratio = None if known is None else known.p50 / self.timings[ESTIMATOR].p50
        object.__setattr__(self, "speedup", ratio)


def bench_estimate(
    estimator: BlockEstimator,
    images: int,
    size: tuple[int, int],
    seed: int,
    threads: int,
    rounds: int,
    blocks: int = BLOCKS,
    edge: float | None = None,
    progress: Callable[[], object] = lambda: None,
) -> EstimateBench:
    """Time all of them in turns.

    Args:
        estimator: loaded with as many threads.
        images: number of different scenes; every job takes them in turn.
        size: width and height, pixels.
        seed: of the scenes and of the markers.
        threads: of OpenCV and of ONNX Runtime.
        rounds: turns of each job.
        blocks: in each scene; edge: theirs, metres, or None for any.
        progress: called after each turn.
    """
    cv2.setNumThreads(threads)
    scenes = list(block_images(images, *size, seed, blocks, edge))
    jobs: dict[str, Callable[[int], object]] = {
        ESTIMATOR: lambda n: _estimate(estimator, scenes[n % images]),
        DETECTOR: lambda n: _detect(estimator, scenes[n % images]),
    }
    rng = np.random.default_rng(seed)
    printed = [marker_image(scene.image, rng) for scene in scenes]
    cameras = [scene.camera for scene in scenes]
    jobs[ARUCO] = find_markers = _marker_job(printed, cameras)
    repeats = dict.fromkeys(jobs, CALLS)
    beliefs = _belief_maps([scene.image for scene in scenes], threads)
    if beliefs is not None:
        jobs[BELIEFS], repeats[BELIEFS] = beliefs[1], 1
    # The first calls allocate; they are not counted.
    found = [sum(block.score >= LEAST_SCORE for block in _estimate(estimator, s)) for s in scenes]
    candidates = [len(_detect(estimator, scene).scores) for scene in scenes]
    markers = [len(find_markers(n)) for n in range(images)]
    for job in jobs.values():
        job(0)
    return EstimateBench(
        in_turns(jobs, rounds, repeats, progress),
        None if beliefs is None else beliefs[0],
        float(np.mean(found)),
        float(np.mean(candidates)),
        float(np.mean(markers)),
    )


def rows(bench: EstimateBench) -> list[tuple[str, str, Timing | None]]:
    """The lines of the table: name, description, and timing or None where it could not be run."""
    known = bench.timings
    estimator, detector = known[ESTIMATOR], known[DETECTOR]
    rest = Timing(tuple(max(a - detector.p50, 0.0) for a in estimator.seconds))
    beliefs = bench.beliefs
    title = "VGG-19 belief maps, random weights"
    if beliefs is not None:
        title += f", {beliefs.width}x{beliefs.height}"
    return [
        (ESTIMATOR, "estimator: image in, poses out", estimator),
        (DETECTOR, "  detector", detector),
        ("rest", f"  the rest: {bench.candidates:.1f} crops, pose network, PnP", rest),
        (ARUCO, "cv2.aruco, refined corners, with poses", known[ARUCO]),
        (BELIEFS, title, known.get(BELIEFS)),
    ]


def _estimate(estimator: BlockEstimator, scene: BlockImage) -> list[BlockEstimate]:
    return estimator.estimate(scene.image, scene.camera, scene.edge)


def _detect(estimator: BlockEstimator, scene: BlockImage) -> Detections:
    return estimator.detect(scene.image, scene.camera, scene.edge)


def _marker_job(
    images: Sequence[NDArray[np.uint8]], cameras: Sequence[Camera]
) -> Callable[[int], list[object]]:
    """Image in, marker poses out, with OpenCV's own detector."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(MARKER_DICTIONARY)
    detector = cv2.aruco.ArucoDetector(dictionary, parameters)
    half = MARKER_EDGE_M / 2
    square = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])

    def detect(number: int) -> list[object]:
        image, camera = images[number % len(images)], cameras[number % len(images)]
        corners, _, _ = detector.detectMarkers(image)
        return [
            cv2.solvePnP(
                square, four[0], camera.matrix, camera.distortion, flags=cv2.SOLVEPNP_IPPE_SQUARE
            )
            for four in corners
        ]

    return detect


def _belief_maps(
    images: Sequence[NDArray[np.uint8]], threads: int
) -> tuple[BeliefMaps, Callable[[int], object]] | None:
    """The network of DOPE's size through ONNX Runtime: image in, maps out; None without torch."""
    try:
        from simreal_bench.speed import belief_map_network as dope
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "torch":
            raise
        return None
    import torch

    torch.manual_seed(0)
    network = dope.BeliefMapNetwork()
    height, width = dope.input_size(*images[0].shape[:2])
    session = open_network(dope.onnx_bytes(network, height, width), threads)
    facts = BeliefMaps(
        dope.parameter_count(network), dope.operations(network, height, width), height, width
    )

    def run(number: int) -> object:
        sample = dope.network_input(images[number % len(images)])
        return session.run(None, {"images": sample})

    return facts, run
