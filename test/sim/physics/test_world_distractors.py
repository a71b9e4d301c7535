"""Distractors of the simulated cell."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_sim.physics.world_distractors import WORLD_DISTRACTORS
from simreal_sim.physics.world_randomization import DistractorSetup
from simreal_sim.physics.world_ranges import WorldDistractorRanges


@pytest.mark.parametrize("kind", WORLD_DISTRACTORS)
def test_each_has_a_size_that_it_can_be_made_of(kind: str) -> None:
    distractor, rng = WORLD_DISTRACTORS[kind], np.random.default_rng(4)
    for _ in range(50):
        size = distractor.draw_size(WorldDistractorRanges(), rng)
        assert min(size) > 0 and 0 < distractor.height(size) <= 0.061
        lengths = np.hstack([*map(np.ravel, distractor.dimensions(size).values())])
        assert lengths.min() > 0


def test_one_that_is_not_known_is_refused_in_words() -> None:
    pytest.importorskip("pybullet", reason="the simulation needs PyBullet")
    from simreal_sim.physics.bullet_server import BulletServer
    from simreal_sim.physics.world_bodies import add_distractor

    unknown = DistractorSetup("spher", (0.02,), Pose.identity(), (1.0, 0.0, 0.0))
    server = BulletServer()
    with pytest.raises(ConfigurationError, match="'spher': wanted one of sphere, cylinder, bar"):
        add_distractor(server, unknown)
    server.close()
