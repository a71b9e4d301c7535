"""Scenes drawn for the physics world."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError
from simreal_common.settings.configuration import from_values
from simreal_sim.physics.world_randomization import (
    FOCAL_PER_WIDTH,
    WORLD_GROUPS,
    SceneOptions,
    WorldScene,
    draw_scene,
)
from simreal_sim.physics.world_ranges import ZONE_X, ZONE_Y, WorldRanges


def draw(seed: int, **options: object) -> WorldScene:
    return draw_scene(np.random.default_rng(seed), SceneOptions(**options))  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), blocks=st.integers(1, 8))
def test_blocks_lie_flat_in_the_zone_and_far_enough_apart(seed: int, blocks: int) -> None:
    scene = draw(seed, blocks=blocks)
    spots = np.array([block.pose.position for block in scene.blocks])
    assert spots.shape == (blocks, 3)
    assert ((spots[:, 0] >= ZONE_X[0]) & (spots[:, 0] <= ZONE_X[1])).all()
    assert ((spots[:, 1] >= ZONE_Y[0]) & (spots[:, 1] <= ZONE_Y[1])).all()
    np.testing.assert_allclose(spots[:, 2], 0.025)
    distances = np.linalg.norm(spots[:, None] - spots[None], axis=-1)
    assert distances[~np.eye(blocks, dtype=bool)].min(initial=1.0) >= 0.09 - 1e-9
    for block in scene.blocks:
        np.testing.assert_allclose(block.pose.rotation[2], [0, 0, 1], atol=1e-9)


def test_distractors_stay_out_of_the_zone_and_under_a_passing_hand() -> None:
    counts = set()
    for seed in range(40):
        scene = draw(seed)
        counts.add(len(scene.distractors))
        for distractor in scene.distractors:
            assert abs(distractor.pose.position[1]) > ZONE_Y[1] + 0.07
            assert 2 * distractor.pose.position[2] <= 0.061
    assert counts == {0, 1, 2, 3, 4}


def test_ranges_are_what_is_drawn_from_and_read_like_those_of_the_training_scenes() -> None:
    ranges = from_values(
        WorldRanges,
        {"poses": {"yaw": [0.1, 0.2]}, "camera": {"focal": [1.5, 1.5]}, "noise": {"gain": [2, 3]}},
        "cell.yaml",
    )
    usual = draw(3)
    scene = draw(3, ranges=ranges)
    for block in scene.blocks:
        assert 0.1 <= np.arctan2(block.pose.rotation[1, 0], block.pose.rotation[0, 0]) <= 0.2
    assert scene.camera.matrix[0, 0] == pytest.approx(1.5 * FOCAL_PER_WIDTH * scene.camera.width)
    assert 2 <= scene.noise.gain <= 3
    # What nobody changed is drawn as before.
    assert facts(scene)["colors"] == facts(usual)["colors"]
    assert scene.light == usual.light
    with pytest.raises(ConfigurationError, match="cell.yaml: noise: gain: got .3.0, 2.0., wanted"):
        from_values(WorldRanges, {"noise": {"gain": [3, 2]}}, "cell.yaml")


@pytest.mark.parametrize("left_out", WORLD_GROUPS)
def test_switching_one_group_off_leaves_the_others_as_they_were(left_out: str) -> None:
    whole = facts(draw(7))
    rest = tuple(name for name in WORLD_GROUPS if name != left_out)
    changed = {name for name, value in facts(draw(7, randomized_groups=rest)).items()
               if value != whole[name]}  # fmt: skip
    assert changed == {left_out}


def facts(scene: WorldScene) -> dict[str, object]:
    def of(surface: object) -> object:
        texture = surface.texture  # type: ignore[attr-defined]
        return None if texture is None else texture.tobytes()

    return {
        "poses": [block.pose.matrix.tolist() for block in scene.blocks],
        "colors": [block.rgb for block in scene.blocks] + [scene.table.rgb, scene.wall.rgb],
        "textures": [of(scene.table), of(scene.wall)],
        "lights": scene.light,
        "camera": [
            scene.camera.matrix.tolist(),
            scene.pose_camera_in_world.matrix.tolist(),
            scene.wrist_camera.matrix.tolist(),
            scene.wrist_mount_error.matrix.tolist(),
        ],
        "distractors": [
            (t.shape, t.size, t.rgb, t.pose.matrix.tolist()) for t in scene.distractors
        ],
        "noise": scene.noise,
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"blocks": 0}, "blocks 0.*1 to 8"),
        ({"blocks": 9}, "blocks 9.*1 to 8"),
        ({"edge": 0.0}, "edge 0.*0.02 to 0.07"),
        ({"distractors": 5}, "distractors 5.*0 to 4"),
        ({"randomized_groups": ("colours",)}, "'colours' is not known.*colors"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        draw(1, **options)
