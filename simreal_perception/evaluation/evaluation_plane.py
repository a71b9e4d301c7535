"""What an estimator under evaluation is told of the plane: the true one, known as well as is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simreal_perception.pose_estimation.support_plane import SupportPlane

# Keeps this noise apart from everything else that is drawn from the seed of an evaluation.
SALT = 0x9A7E


@dataclass(frozen=True)
class PlaneKnowledge:
    """How well the plane is known.

    Args:
        sigma_m: what the estimator is told of that.
        noise_m, noise_rad: standard deviations by which the told plane is truly off: its height in
            the middle of the image, and its normal about both axes there.
        seed: of this noise.
    """

    sigma_m: float
    noise_m: float = 0.0
    noise_rad: float = 0.0
    seed: int = 0

    def told(self, plane: SupportPlane | None, number: int) -> SupportPlane | None:
        """What is told of a true plane in the example of a number."""
        if plane is None:
            return None
        rng = np.random.default_rng([self.seed, SALT, number])
        up, *tilt = rng.normal(size=3) * [self.noise_m, self.noise_rad, self.noise_rad]
        normal = plane.normal + np.array(tilt) @ plane.basis
        normal /= np.linalg.norm(normal)
        # Tilted about where the camera looks, or below the camera if it looks beside the plane.
        ahead = plane.normal[2]
        reach = plane.offset / ahead if ahead < -0.1 else 0.0
        middle = np.array([0.0, 0.0, reach]) if reach > 0 else plane.normal * plane.offset
        return SupportPlane(normal, float(normal @ middle + up), self.sigma_m)
