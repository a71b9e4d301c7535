"""One resting block seen many times: its pose by covariance, modulo its symmetry.

Images of a resting block by a resting camera err alike: same texture, same light, same crop. Only
a small part of the variance is drawn anew in each, so that n images of one view have the
covariance R (s + (1 - s) / n), s the correlated share, and not R / n. A view from elsewhere errs in
its own way: estimates of different views count as independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.geometry import Pose
from simreal_common.shapes.shape import CUBE
from simreal_common.shapes.symmetry import Symmetry

Array = NDArray[np.float64]

# Of the variance of an estimate, what the next image repeats. Measured on the simulated cell, 89
# blocks in 24 scenes, 8 images each that differ by the sensor's noise: 0.997 along the viewing
# ray, 0.963 across it, 0.976 of the rotation, 0.990 of all six by their covariance; with light that
# flickers by 3 % as well (34 blocks) 0.996, 0.955, 0.976 and 0.989. The lowest is taken. A share
# that is too high leaves covariances too large: the safe side for who grasps by them.
CORRELATED_SHARE = 0.95
# Views whose directions differ by more have errors of their own: other faces, other edges.
VIEW_ANGLE_RAD = float(np.radians(20.0))
# How fast errors change in between nobody has measured. For the covariance they are taken to repeat
# up to there; to tell a block that moved, only as far as this: either way the safe side.
SAME_ANGLE_RAD = float(np.radians(3.0))
# Older images fade: the mean follows what changes slowly, as the light does.
MOST_IMAGES = 30
# What a camera's pose, its rolling shutter and a nearby shadow make of a block at rest.
JITTER_M, JITTER_RAD = 0.0005, 0.005
# Squared sigmas that one image in a thousand exceeds: chi-squared, 6 degrees of freedom.
CONSISTENT = 22.5


@dataclass(frozen=True, eq=False)
class Measurement:
    """One estimate of a block's pose, in the fixed frame.

    Attributes:
        pose: block -> fixed frame.
        covariance: of position (m) and small rotation (rad) about the frame's axes, (6, 6).
        direction: from the camera to the block, unit, (3,).
        symmetry: of the block.
    """

    pose: Pose
    covariance: Array
    direction: Array
    symmetry: Symmetry = CUBE.symmetry


@dataclass(frozen=True, eq=False)
class _View:
    """Sum of the images of one view: information, information x value, how many.

    Values are position and rotation vector from the reference orientation, (6,).
    """

    direction: Array
    information: Array
    weighted: Array
    count: float

    @cached_property
    def mean(self) -> Array:
        return np.asarray(np.linalg.solve(self.information, self.weighted))

    @cached_property
    def single(self) -> Array:
        """Covariance of one image (the harmonic mean of all), (6, 6)."""
        return _symmetric(self.count * np.linalg.inv(self.information))

    @property
    def covariance(self) -> Array:
        return self.single * (CORRELATED_SHARE + (1.0 - CORRELATED_SHARE) / self.count)

    def plus(self, value: Array, information: Array) -> _View:
        keep = min(1.0, (MOST_IMAGES - 1) / self.count)
        return _View(
            self.direction,
            keep * self.information + information,
            keep * self.weighted + information @ value,
            keep * self.count + 1.0,
        )


@dataclass(frozen=True, eq=False)
class FusedPose:
    """What several measurements of one resting block say together. Immutable."""

    reference: Array  # the first orientation, matrix (3, 3): rotations are told from it
    views: tuple[_View, ...]
    symmetry: Symmetry = CUBE.symmetry

    @staticmethod
    def of(measurement: Measurement) -> FusedPose:
        """What one measurement says."""
        fused = FusedPose(measurement.pose.rotation, (), measurement.symmetry)
        return fused.plus(measurement)

    @property
    def count(self) -> float:
        """How many images count, faded ones in part."""
        return sum(view.count for view in self.views)

    @cached_property
    def pose(self) -> Pose:
        mean, _ = self._fused
        turn = Rotation.from_rotvec(mean[3:]).as_matrix()
        return Pose.from_rotation(turn @ self.reference, mean[:3])

    @property
    def covariance(self) -> Array:
        """Of position and small rotation about the axes of the fixed frame, (6, 6)."""
        return self._fused[1]

    def fits(self, measurement: Measurement) -> bool:
        """Whether a block at rest may give this measurement.

        Within a view little varies from image to image, so that a nudge of a few millimetres
        shows although the range itself is not known as well.
        """
        value = self._value(measurement.pose)
        view, angle = self._nearest(measurement.direction)
        if angle < SAME_ANGLE_RAD:
            shared = CORRELATED_SHARE * (1.0 - angle / SAME_ANGLE_RAD)
            offset, total = (
                value - view.mean,
                (1 - shared) * (measurement.covariance + view.single),
            )
        else:
            mean, covariance = self._fused
            offset, total = value - mean, measurement.covariance + covariance
        total = total + np.diag([JITTER_M**2] * 3 + [JITTER_RAD**2] * 3)
        return bool(offset @ np.linalg.solve(total, offset) < CONSISTENT)

    def plus(self, measurement: Measurement) -> FusedPose:
        """With one more measurement."""
        information = _symmetric(np.linalg.inv(measurement.covariance))
        value = self._value(measurement.pose)
        views = list(self.views)
        if views:
            nearest, angle = self._nearest(measurement.direction)
            if angle < VIEW_ANGLE_RAD:
                views[views.index(nearest)] = nearest.plus(value, information)
                return FusedPose(self.reference, tuple(views), self.symmetry)
        views.append(_View(measurement.direction, information, information @ value, 1.0))
        return FusedPose(self.reference, tuple(views), self.symmetry)

    def turned_like(self, rotation: Array) -> FusedPose:
        """The same, its orientation that of its equivalents nearest to `rotation`, (3, 3)."""
        return FusedPose(self.symmetry.nearest(self.reference, rotation), self.views, self.symmetry)

    def _value(self, pose: Pose) -> Array:
        now = self.pose.rotation if self.views else self.reference
        rotation = self.symmetry.nearest(pose.rotation, now)
        turn = Rotation.from_matrix(rotation @ self.reference.T).as_rotvec()
        return np.concatenate([pose.position, turn])

    def _nearest(self, direction: Array) -> tuple[_View, float]:
        cosines = [float(np.clip(view.direction @ direction, -1.0, 1.0)) for view in self.views]
        best = int(np.argmax(cosines))
        return self.views[best], float(np.arccos(cosines[best]))

    @cached_property
    def _fused(self) -> tuple[Array, Array]:
        if len(self.views) == 1:
            return self.views[0].mean, self.views[0].covariance
        informations = [np.linalg.inv(view.covariance) for view in self.views]
        covariance = _symmetric(np.linalg.inv(np.sum(informations, axis=0)))
        weighted = [
            information @ view.mean
            for information, view in zip(informations, self.views, strict=True)
        ]
        return covariance @ np.sum(weighted, axis=0), covariance


def _symmetric(matrix: NDArray[np.floating[Any]]) -> Array:
    return np.asarray((matrix + matrix.T) / 2.0, dtype=np.float64)
