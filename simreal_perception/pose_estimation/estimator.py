"""The estimator: an image of a calibrated camera in, block poses out.

A detector finds blocks in copies of the image, coarser ones for nearer blocks. Each is then looked
at through a crop camera of its own, made from the full image, and a pose network says where its
corners and its edges lie: PnP on the corners gives a pose, which is aligned to these edges and then
to those of the image.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ConfigurationError, ImageError, ModelError
from simreal_common.geometry import Pose
from simreal_perception.model_files.model_card import ModelCard, load_model_card
from simreal_perception.model_files.onnx_session import (
    CPU,
    InferenceSession,
    Signature,
    Tensor,
    open_network,
)
from simreal_perception.pose_estimation.block_color import block_colors
from simreal_perception.pose_estimation.calibration import Calibration, Evidence, evidence_of_pose
from simreal_perception.pose_estimation.crop_camera import (
    CROP_SIZE,
    CropCamera,
    crop_cameras,
    crop_image,
)
from simreal_perception.pose_estimation.depth_range import fuse_depth
from simreal_perception.pose_estimation.detection import DETECTOR, Detections, Region, detect
from simreal_perception.pose_estimation.edge_alignment import align_to_edges
from simreal_perception.pose_estimation.image_edges import refine_on_image
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits, image_pyramid
from simreal_perception.pose_estimation.mirrored_crops import is_doubted, judge_again
from simreal_perception.pose_estimation.plane_fit import common_plane
from simreal_perception.pose_estimation.pnp import solve_pose
from simreal_perception.pose_estimation.support_plane import SupportPlane, fuse_plane
from simreal_perception.pose_estimation.suppression import distinct

Array = NDArray[np.float64]

FARTHEST_EDGES, NEAREST_EDGES = 60.0, 1.5  # distances, in edges, that a pose may have
# What the pose network gives less is no block: none of 639 such crops came to an existence of 0.3, and
# one crop in six need not be looked at any further (240 scenes, seed 2001).
LEAST_BLOCK_SCORE = 0.03
# Blocks that are as likely as this have a say in the plane that they stand on.
PLANE_SCORE = 0.6


# What the pose network is given: crops; what it says of each.
POSE = Signature(
    inputs=(Tensor("crops", "uint8", (None, CROP_SIZE, CROP_SIZE, 3)),),
    outputs=(
        Tensor("corners", "float", (None, 8, 2)),
        Tensor("spread", "float", (None,)),
        Tensor("score", "float", (None,)),
        Tensor("field", "float", (None, 3, None, None)),
    ),
)


@dataclass(frozen=True, eq=False)
class PoseCandidate:
    """What the detector pointed at, where the pose network saw a block and a pose fits.

    Attributes:
        number: of the detection, among those that were given.
        pixels: of its crop, RGB, uint8, (64, 64, 3).
        pose: block -> camera's optical frame.
        covariance: of position (m) and small rotation (rad), (6, 6), in the optical frame, as if
            all measurements were independent: too small, see `Calibration.covariance`.
        evidence: what its score and covariance are made of.
    """

    number: int
    pixels: NDArray[np.uint8]
    pose: Pose
    covariance: Array
    evidence: Evidence


class BlockEstimator:
    """Finds blocks of a known shape and edge in images of any calibrated camera.

    Args:
        detector, pose: ONNX sessions of the two networks.
        card: the model's card.
        search: how far blocks are looked for, and what it may cost.
        calibration: in place of the card's.

    Attributes:
        shape: of the blocks, as the card says.
    """

    def __init__(
        self,
        detector: InferenceSession,
        pose: InferenceSession,
        card: ModelCard,
        search: PyramidLimits | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._detector, self._pose, self.card = detector, pose, card
        self.search = search or PyramidLimits()
        self.calibration = calibration or Calibration.of(card)
        self.shape = card.shape

    @property
    def providers(self) -> tuple[str, ...]:
        """What computes the networks, as ONNX Runtime calls it."""
        found = [self._detector.get_providers()[0], self._pose.get_providers()[0]]
        return tuple(dict.fromkeys(found))

    @staticmethod
    def load(
        name_or_path: str,
        threads: int = 2,
        search: PyramidLimits | None = None,
        calibration: Calibration | None = None,
        provider: str = CPU,
    ) -> BlockEstimator:
        """Load a model by name (out of models/) or by path, checking it against its card.

        Args:
            provider: what computes its networks, see `onnx_session.PROVIDERS`.

        Raises:
            ModelError: missing, not what its card describes, or not to be run.
        """
        card = load_model_card(name_or_path)
        networks = load_networks(card, threads, provider)
        return BlockEstimator(networks["detector"], networks["pose"], card, search, calibration)

    def estimate(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        plane: SupportPlane | None = None,
        depth: NDArray[np.floating[Any]] | None = None,
        plane_from_blocks: bool = True,
    ) -> list[BlockEstimate]:
        """Find the blocks in an image, best first.

        Args:
            image: RGB, uint8, shape (H, W, 3), as the camera gave it (not rectified).
            camera: calibration for that image size.
            block_edge: edge of the blocks, metres; see `Shape.edge_m`.
            plane: what the blocks stand on, in the camera's optical frame, where that is known.
            depth: aligned with the image, metres along the optical axis, 0 or not finite where
                there is no value, shape (H, W), where a camera gives that.
            plane_from_blocks: where no plane is given, use the one that two or more blocks of
                the image agree on, if they do: it tells ranges, and what stands nowhere.

        Raises:
            ImageError: not such an image, or a depth image of another size.
            CalibrationError: the calibration is for another size.
            ConfigurationError: an edge that no block has; a plane or a depth image for a shape that
                they are not used for.
        """
        candidates = self.judged_candidates(image, camera, block_edge)
        return self.blocks(candidates, image, camera, block_edge, plane, depth, plane_from_blocks)

    def blocks(
        self,
        candidates: Sequence[PoseCandidate],
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        plane: SupportPlane | None = None,
        depth: NDArray[np.floating[Any]] | None = None,
        plane_from_blocks: bool = True,
    ) -> list[BlockEstimate]:
        """What all judged candidates of an image come to, best first; see `estimate`."""
        _check(image, camera, block_edge)
        self._check_priors(plane is not None, depth is not None)
        calibration = self.calibration
        blocks = [
            BlockEstimate(
                pose=one.pose,
                covariance=calibration.covariance(one.evidence, one.covariance, one.pose.position),
                score=calibration.score(one.evidence),
                edge=block_edge,
                shape=self.shape,
            )
            for one in candidates
        ]
        if depth is not None:
            blocks = fuse_depth(blocks, depth, camera)
        found = _best_first(blocks)
        if plane is None and plane_from_blocks and self.shape.is_cube:
            fit = common_plane([block for block in found if block.score >= PLANE_SCORE])
            plane = fit.plane if fit else None
        if plane is not None:
            found = _best_first(fuse_plane(blocks, plane))
        colors = block_colors(
            image, camera, [block.pose for block in found], block_edge, self.shape
        )
        return [
            dataclasses.replace(block, color=color)
            for block, color in zip(found, colors, strict=True)
        ]

    def _check_priors(self, plane: bool, depth: bool) -> None:
        if plane and not self.shape.is_cube:
            raise ConfigurationError(
                f"a support plane for a {self.shape.words}: it is used for cubes alone; leave it out"
            )
        if depth and not self.shape.is_box:
            raise ConfigurationError(
                f"a depth image for a {self.shape.words}: it is used for cubes and cuboids alone; "
                "leave it out"
            )

    def pose_candidates(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        detections: Detections | None = None,
    ) -> list[PoseCandidate]:
        """Everything the detector pointed at that may be a block.

        Each is judged by its crop alone; see `judged_again`.
        """
        _check(image, camera, block_edge)
        if detections is None:
            detections = self.detect(image, camera, block_edge)
        crops = crop_cameras(camera, detections.centers, detections.radii)
        return self._fitted(image, camera, crops, detections.scores, block_edge) if crops else []

    def judged_again(self, candidates: Sequence[PoseCandidate]) -> list[PoseCandidate]:
        """The same candidates, judged in mirror images of their crops too."""
        if not candidates:
            return []
        pixels = np.stack([candidate.pixels for candidate in candidates])
        said = np.array([candidate.evidence.block for candidate in candidates])
        return [
            dataclasses.replace(one, evidence=one.evidence._replace(block=float(score)))
            for one, score in zip(candidates, judge_again(self._pose, pixels, said), strict=True)
        ]

    def judged_candidates(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        detections: Detections | None = None,
    ) -> list[PoseCandidate]:
        """The candidates, the doubted ones judged again.

        Args:
            image, camera, block_edge: see `estimate`.
            detections: where to look, if that is known; otherwise the detector says it.
        """
        candidates = self.pose_candidates(image, camera, block_edge, detections)
        score = self.calibration.score
        doubted = [n for n, one in enumerate(candidates) if is_doubted(score(one.evidence))]
        again = self.judged_again([candidates[n] for n in doubted])
        for number, candidate in zip(doubted, again, strict=True):
            candidates[number] = candidate
        return candidates

    def detect(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        region: Region | None = None,
    ) -> Detections:
        """Where blocks may be, at all scales that camera and edge (m) ask for.

        Args:
            region: look at this part of the image only.
        """
        scales = image_pyramid(camera, block_edge, self.search).scales
        if region is None:
            return detect(self._detector, image, scales)
        part = np.ascontiguousarray(image[region.y0 : region.y1, region.x0 : region.x1])
        found = detect(self._detector, part, scales)
        return found._replace(centers=found.centers + np.array([region.x0, region.y0]))

    def _fitted(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        crops: Sequence[CropCamera],
        detection_scores: Array,
        block_edge: float,
    ) -> list[PoseCandidate]:
        """The candidates in crops, of which the network does not say no and a pose fits."""
        images = np.stack([crop_image(image, camera, crop) for crop in crops])
        corners, predicted_error, block_scores, field = self._pose.run(None, {"crops": images})
        starts = [
            solve_pose(c, crop, block_edge, self.shape) if score >= LEAST_BLOCK_SCORE else None
            for c, crop, score in zip(corners, crops, block_scores, strict=True)
        ]
        fit = [index for index, pose in enumerate(starts) if pose is not None]
        if not fit:
            return []
        rotations, places = zip(*(pose for pose in starts if pose is not None), strict=True)
        aligned = align_to_edges(
            rotation=np.stack(rotations),
            position=np.stack(places),
            block_edge=block_edge,
            focal=np.array([crops[index].focal for index in fit]),
            corners=corners[fit].astype(np.float64),
            predicted_error=predicted_error[fit].astype(np.float64),
            field=field[fit],
            shape=self.shape,
        )
        refined = refine_on_image(
            image, camera, [crops[index] for index in fit], aligned.rotation, aligned.position,
            block_edge, aligned.information, self.shape,
        )  # fmt: skip
        turns = np.stack([crops[index].rotation for index in fit])
        orientations = Rotation.from_matrix(turns @ refined.rotation).as_quat()
        positions = np.einsum("nij,nj->ni", turns, refined.position)
        distances = np.linalg.norm(positions, axis=1) / block_edge
        both = np.zeros((len(fit), 6, 6))
        both[:, :3, :3] = both[:, 3:, 3:] = turns
        covariances = both @ np.linalg.inv(refined.information) @ both.transpose(0, 2, 1)
        focal = float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1]))
        candidates = []
        for row, index in enumerate(fit):
            if not NEAREST_EDGES < distances[row] < FARTHEST_EDGES:
                continue
            pose = Pose(positions[row], orientations[row])
            evidence = Evidence(
                detection=float(detection_scores[index]),
                block=float(block_scores[index]),
                normalized_residual=float(aligned.normalized_residual[row]),
                distance=float(refined.distance[row]),
                edge_contrast=float(refined.edge_contrast[row]),
                **evidence_of_pose(pose, covariances[row], block_edge, focal),
            )
            candidates.append(PoseCandidate(index, images[index], pose, covariances[row], evidence))
        return candidates


def load_networks(
    card: ModelCard, threads: int, provider: str = CPU
) -> dict[str, InferenceSession]:
    """ONNX sessions of a model's networks, "detector" and "pose".

    Raises:
        ModelError: one is missing, cannot be run, or is another network.
    """
    signatures = {"detector": DETECTOR, "pose": POSE}
    files = {file.stem.rsplit("_", 1)[-1]: file for file in card.files}
    missing = set(signatures) - set(files)
    if missing:
        raise ModelError(
            f"model {card.name} has no {' and no '.join(sorted(missing))} network: wanted "
            "files NAME_detector.onnx and NAME_pose.onnx; export it again"
        )
    return {name: open_network(files[name], threads, s, provider) for name, s in signatures.items()}


def _best_first(blocks: list[BlockEstimate]) -> list[BlockEstimate]:
    return distinct(sorted(blocks, key=lambda block: -block.score))


def _check(image: NDArray[np.uint8], camera: Camera, block_edge: float) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ImageError(
            f"image of shape {image.shape} and type {image.dtype}: wanted RGB, (H, W, 3), uint8"
        )
    if (image.shape[1], image.shape[0]) != (camera.width, camera.height):
        raise CalibrationError(
            f"the image is {image.shape[1]}x{image.shape[0]}, its calibration is for "
            f"{camera.width}x{camera.height}: give the calibration of this size, or the image "
            "as the camera took it"
        )
    if not (np.isfinite(block_edge) and block_edge > 0):
        raise ConfigurationError(f"block edge {block_edge}: wanted a length above 0, in metres")
