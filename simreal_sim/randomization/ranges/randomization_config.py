"""The configuration of domain randomization: what each group varies, within which ranges.

One frozen dataclass a group; its name in `RandomizationConfig`, in `config/randomization.yaml` and
on the command line is the same. The defaults here and in the file agree (a test says so); lengths
called `_edges` are in units of the edge of the scene's blocks.
"""

# Ranges are frozen: sharing one as a default is safe.
# ruff: noqa: RUF009
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

from simreal_common.errors import ConfigurationError
from simreal_common.resources import share_directory
from simreal_common.settings.configuration import errors_of, field_values, load_yaml
from simreal_common.shapes.shape import CUBE, Shape
from simreal_sim.randomization.ranges.distractor_ranges import DistractorRanges
from simreal_sim.randomization.ranges.range_limits import check_range_limits
from simreal_sim.randomization.ranges.ranges import (
    Integers,
    LogUniform,
    Normal,
    Share,
    Uniform,
    Weights,
    weights,
)
from simreal_sim.randomization.ranges.scene_limits import (
    MOST_BLOCKS,
    MOST_LIGHTS,
    within,
)
from simreal_sim.randomization.ranges.sensor_ranges import SensorRanges
from simreal_sim.randomization.ranges.tabletop_ranges import TabletopRanges


@dataclass(frozen=True)
class EdgeRanges:
    """Size of the blocks; off: 50 mm, all of one size."""

    edge_m: LogUniform = LogUniform(0.02, 0.1)
    several: Share = Share(0.3)
    ratio: LogUniform = LogUniform(0.5, 1.0)

    def __post_init__(self) -> None:
        if self.ratio.high > 1:
            raise ConfigurationError(
                f"ratio: got [{self.ratio.low:g}, {self.ratio.high:g}], wanted numbers up to 1: "
                "edge_m is that of the largest"
            )


@dataclass(frozen=True)
class NumberRanges:
    """Number of blocks wanted (a crowded scene may hold fewer); off: one."""

    blocks: Integers = Integers(1, 6)

    def __post_init__(self) -> None:
        within(self.blocks, "blocks", 1, MOST_BLOCKS)


@dataclass(frozen=True)
class PositionRanges:
    """Where objects stand on the table; off: close about the middle."""

    area_edges: Uniform = Uniform(1.5, 8.0)
    largest_area_m: Uniform = Uniform(0.2, 0.4)


@dataclass(frozen=True)
class OrientationRanges:
    """Turn of objects about the vertical; off: none."""

    yaw_deg: Uniform = Uniform(0.0, 360.0)


@dataclass(frozen=True)
class StackingRanges:
    """Blocks on top of others and side by side; off: each alone on the table."""

    on_top: Share = Share(0.22)
    beside: Share = Share(0.25)
    gap_edges: LogUniform = LogUniform(0.001, 0.3)
    slide_edges: Normal = Normal(0.1)
    aligned: Share = Share(0.5)
    turn_deg: Normal = Normal(5.0)


@dataclass(frozen=True)
class LeaningRanges:
    """Blocks tilted against another block, or with one edge on a plate; off: none."""

    on_block: Share = Share(0.08)
    on_plate: Share = Share(0.08)
    angle_deg: Uniform = Uniform(47.0, 80.0)
    plate_angle_deg: Uniform = Uniform(3.0, 28.0)


@dataclass(frozen=True)
class HeldRanges:
    """One block of a scene in the air, in the hand where there is one; off: none."""

    held: Share = Share(0.2)
    height_edges: Uniform = Uniform(0.2, 5.0)
    turned: Share = Share(0.7)


@dataclass(frozen=True)
class RobotRanges:
    """Fingers, hand and arm about or above a block; off: none."""

    present: Share = Share(0.3)
    gripping: Share = Share(0.5)
    lift_edges: Uniform = Uniform(0.3, 4.0)
    aside_edges: Normal = Normal(1.0)
    finger_edges: Uniform = Uniform(0.08, 0.3)
    width_edges: Uniform = Uniform(0.15, 0.6)
    length_edges: Uniform = Uniform(0.5, 1.4)
    arm_edges: Uniform = Uniform(0.5, 1.3)
    lean: Normal = Normal(0.4)


@dataclass(frozen=True)
class ClutterRanges:
    """A wall and large objects beyond the table; off: only a backdrop without pattern."""

    wall: Share = Share(0.45)
    wall_distance_m: Uniform = Uniform(2.1, 4.0)
    things: Share = Share(0.5)
    distance_m: Uniform = Uniform(0.7, 2.0)
    half_size_m: LogUniform = LogUniform(0.03, 0.4)


@dataclass(frozen=True)
class TableRanges:
    """Table and floor; off: 1.6 m square, 0.7 m above the floor."""

    half_size_m: Uniform = Uniform(0.3, 1.2)
    thickness_m: Uniform = Uniform(0.01, 0.08)
    height_m: Uniform = Uniform(0.4, 1.0)


@dataclass(frozen=True)
class ColorRanges:
    """Colours of all materials; off: red objects on a grey table.

    The last three are shares of scenes: all blocks look alike; alike but for their colour; blocks of
    nearly the table's colour.
    """

    pure: Share = Share(0.25)
    saturation: Uniform = Uniform(0.0, 1.6)
    brightness: Uniform = Uniform(0.3, 1.3)
    dull_large: Share = Share(0.5)
    one_set: Share = Share(0.3)
    one_pattern: Share = Share(0.15)
    like_table: Share = Share(0.12)
    table_contrast: Uniform = Uniform(0.7, 1.4)


@dataclass(frozen=True)
class TextureRanges:
    """Textures of all materials, alike on all faces or each face its own; off: none."""

    looks: Weights = weights(
        plain=0.35, faint=0.12, same=0.13, painted=0.11, textured=0.11, pictures=0.18
    )
    faint_contrast: Uniform = Uniform(0.03, 0.25)
    natural: Share = Share(0.25)
    fitted: Share = Share(0.5)
    repetitions: LogUniform = LogUniform(0.3, 3.0)
    large_per_m: LogUniform = LogUniform(0.7, 12.0)


@dataclass(frozen=True)
class RimRanges:
    """Rounded, worn edges of boxes; off: sharp."""

    share: Share = Share(0.7)
    radius_edges: Uniform = Uniform(0.005, 0.08)
    tint: Uniform = Uniform(0.7, 1.4)


@dataclass(frozen=True)
class GlossRanges:
    """Highlights; off: dull."""

    share: Share = Share(0.4)
    specular: LogUniform = LogUniform(0.01, 0.8)
    shininess: LogUniform = LogUniform(6.0, 250.0)


@dataclass(frozen=True)
class ReflectionRanges:
    """Tables and boards so polished that things are mirrored in them; off: none.

    `at_normal` is the share of light reflected at normal incidence, which grows towards grazing
    views; `roughness_deg` the angle over which a reflection is blurred.
    """

    share: Share = Share(0.2)
    at_normal: LogUniform = LogUniform(0.03, 0.5)
    roughness_deg: LogUniform = LogUniform(0.03, 3.0)


@dataclass(frozen=True)
class LightRanges:
    """Lamps and light from all around; off: one white lamp."""

    number: Integers = Integers(1, 3)
    sine_elevation: Uniform = Uniform(0.2, 1.0)
    distance_m: Uniform = Uniform(0.8, 4.0)
    tint: Normal = Normal(0.12)
    power: Uniform = Uniform(0.3, 1.2)
    total: Uniform = Uniform(0.4, 1.1)
    ambient: Uniform = Uniform(0.1, 0.7)
    from_below: Uniform = Uniform(0.2, 0.9)
    highlight: Uniform = Uniform(0.3, 1.5)

    def __post_init__(self) -> None:
        within(self.number, "number", 1, MOST_LIGHTS)


@dataclass(frozen=True)
class ShadowRanges:
    """Soft shadows of large lamps beside hard ones; off: no shadows, light from everywhere."""

    soft: Share = Share(0.5)
    lamp_size_m: Uniform = Uniform(0.02, 0.6)


@dataclass(frozen=True)
class CameraRanges:
    """Where a camera stands and looks; off: one view, level, field of view 60.

    Whole images are taken from `distance_m`, training crops from `distance_edges`, at most
    `farthest_m`.
    """

    distance_m: LogUniform = LogUniform(0.25, 1.5)
    distance_edges: LogUniform = LogUniform(4.0, 80.0)
    farthest_m: Uniform = Uniform(1.9, 2.0)
    sine_elevation: Uniform = Uniform(0.06, 1.0)
    overhead: Share = Share(0.35)
    overhead_deg: Uniform = Uniform(0.0, 25.0)
    any_roll: Share = Share(0.2)
    roll_deg: Normal = Normal(8.0)
    fov_deg: Uniform = Uniform(35.0, 90.0)
    off_axis: Uniform = Uniform(-0.7, 0.7)
    principal_point: Uniform = Uniform(-0.04, 0.04)


@dataclass(frozen=True)
class LensRanges:
    """Radial distortion; off: none."""

    share: Share = Share(0.4)
    corner_shift: Uniform = Uniform(-0.18, 0.1)
    corner_shift_4: Uniform = Uniform(-0.03, 0.03)


@dataclass(frozen=True)
class RandomizationConfig:
    """Which groups of randomization are at work, and their ranges.

    Args:
        disabled: names out of `GROUPS` that are switched off.
        shape: what the blocks are; no range, and no part of a file of ranges.
        others: the ranges of the group of that name.

    Raises:
        ConfigurationError: a name that is none, a range beyond `range_limits.RANGE_LIMITS`.
    """

    disabled: frozenset[str] = field(default_factory=frozenset)
    edge: EdgeRanges = EdgeRanges()
    number: NumberRanges = NumberRanges()
    position: PositionRanges = PositionRanges()
    orientation: OrientationRanges = OrientationRanges()
    stacking: StackingRanges = StackingRanges()
    leaning: LeaningRanges = LeaningRanges()
    held: HeldRanges = HeldRanges()
    distractors: DistractorRanges = DistractorRanges()
    tabletop: TabletopRanges = TabletopRanges()
    robot: RobotRanges = RobotRanges()
    clutter: ClutterRanges = ClutterRanges()
    table: TableRanges = TableRanges()
    color: ColorRanges = ColorRanges()
    texture: TextureRanges = TextureRanges()
    rim: RimRanges = RimRanges()
    gloss: GlossRanges = GlossRanges()
    reflection: ReflectionRanges = ReflectionRanges()
    light: LightRanges = LightRanges()
    shadow: ShadowRanges = ShadowRanges()
    camera: CameraRanges = CameraRanges()
    lens: LensRanges = LensRanges()
    sensor: SensorRanges = SensorRanges()
    shape: Shape = CUBE

    def __post_init__(self) -> None:
        unknown = sorted(self.disabled - set(GROUPS))
        if unknown:
            raise ConfigurationError(
                f"no randomization is called {', '.join(unknown)}; the names are {', '.join(GROUPS)}"
            )
        for name in GROUPS:
            check_range_limits(name, getattr(self, name))

    def on(self, name: str) -> bool:
        """Whether a group is at work."""
        return name not in self.disabled

    @staticmethod
    def load(
        path: Path | None = None, disabled: Iterable[str] = (), shape: Shape = CUBE
    ) -> RandomizationConfig:
        """Read the ranges from a file: `config/randomization.yaml` unless another is given.

        What a file leaves out keeps its default.

        Raises:
            ConfigurationError: no such file, no YAML, an unknown group or key, an impossible range.
        """
        path = path or share_directory() / "config" / "randomization.yaml"
        content = load_yaml(path, UNREADABLE)
        sections = {} if content is None else content
        groups = field_values(RandomizationConfig, sections, str(path), UNKNOWN_GROUP, GROUPS)
        with errors_of(str(path)):
            return RandomizationConfig(frozenset(disabled), shape=shape, **groups)


GROUPS = tuple(f.name for f in fields(RandomizationConfig) if f.name not in ("disabled", "shape"))

UNKNOWN_GROUP = "{names} is no group; the groups are {known}"
UNREADABLE = "cannot read {path} ({reason}): wanted YAML with the groups " + ", ".join(GROUPS)
