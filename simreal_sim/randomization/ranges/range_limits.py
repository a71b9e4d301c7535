"""What the ranges of randomization may be at most: beyond lies what no scene has, or a mistaken unit.

Numbers of things have their limits in `scene_limits.py`, sensors in `sensor_ranges.py`; shares and
weights know their own.
"""

from __future__ import annotations

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.ranges import Normal, Uniform

Limits = tuple[float, float, str]  # least, most, unit in words

M, EDGES, DEGREES, FACTOR = "metres", "edges of the blocks", "degrees", "as a factor"
SINE = "the sine of an angle"

RANGE_LIMITS: dict[str, dict[str, Limits]] = {
    "edge": {"edge_m": (0.005, 0.5, M), "ratio": (0.05, 1.0, FACTOR)},
    "position": {"area_edges": (0.1, 100.0, EDGES), "largest_area_m": (0.02, 5.0, M)},
    "orientation": {"yaw_deg": (-720.0, 720.0, DEGREES)},
    "stacking": {
        "gap_edges": (0.0, 5.0, EDGES),
        "slide_edges": (0.0, 1.0, EDGES),
        "turn_deg": (0.0, 90.0, DEGREES),
    },
    # Below 45 degrees a cube falls back on its face.
    "leaning": {"angle_deg": (45.0, 90.0, DEGREES), "plate_angle_deg": (0.0, 45.0, DEGREES)},
    "held": {"height_edges": (0.0, 50.0, EDGES)},
    "distractors": {"size_edges": (0.05, 10.0, EDGES), "near_cube_ratio": (1.25, 3.0, FACTOR)},
    "tabletop": {
        "area_edges": (0.5, 100.0, EDGES),
        "largest_area_m": (0.02, 5.0, M),
        "yaw_deg": (0.0, 90.0, DEGREES),
        "board_edges": (0.5, 100.0, EDGES),
        "sheet_edges": (0.1, 100.0, EDGES),
        "print_edges": (0.1, 100.0, EDGES),
    },
    "robot": {
        "lift_edges": (0.0, 50.0, EDGES),
        "aside_edges": (0.0, 10.0, EDGES),
        "finger_edges": (0.01, 2.0, EDGES),
        "width_edges": (0.01, 5.0, EDGES),
        "length_edges": (0.05, 10.0, EDGES),
        "arm_edges": (0.05, 5.0, EDGES),
        "lean": (0.0, 1.6, "radians"),
    },
    "clutter": {
        "wall_distance_m": (0.5, 20.0, M),
        "distance_m": (0.1, 20.0, M),
        "half_size_m": (0.005, 3.0, M),
    },
    "table": {
        "half_size_m": (0.05, 5.0, M),
        "thickness_m": (0.001, 0.5, M),
        "height_m": (0.05, 3.0, M),
    },
    "color": {
        "saturation": (0.0, 4.0, FACTOR),
        "brightness": (0.0, 4.0, FACTOR),
        "table_contrast": (0.0, 4.0, FACTOR),
    },
    "texture": {
        "faint_contrast": (0.0, 1.0, "as a share"),
        "repetitions": (0.01, 100.0, "repetitions"),
        "large_per_m": (0.01, 1000.0, "repetitions a metre"),
    },
    "rim": {"radius_edges": (0.0, 0.3, EDGES), "tint": (0.0, 4.0, FACTOR)},
    "reflection": {"at_normal": (0.0, 1.0, "a share"), "roughness_deg": (0.0, 45.0, DEGREES)},
    "gloss": {"specular": (0.0, 5.0, FACTOR), "shininess": (1.0, 10_000.0, "an exponent")},
    "light": {
        "sine_elevation": (0.0, 1.0, SINE),
        "distance_m": (0.1, 50.0, M),
        "tint": (0.0, 1.0, FACTOR),
        "power": (0.0, 10.0, FACTOR),
        "total": (0.0, 10.0, FACTOR),
        "ambient": (0.0, 10.0, FACTOR),
        "from_below": (0.0, 10.0, FACTOR),
        "highlight": (0.0, 10.0, FACTOR),
    },
    "shadow": {"lamp_size_m": (0.0, 5.0, M)},
    "camera": {
        "distance_m": (0.05, 10.0, M),
        "distance_edges": (1.5, 1000.0, EDGES),
        "farthest_m": (0.1, 20.0, M),
        "sine_elevation": (0.0, 1.0, SINE),
        "overhead_deg": (0.0, 90.0, DEGREES),
        "roll_deg": (0.0, 180.0, DEGREES),
        "fov_deg": (5.0, 150.0, DEGREES),
        "off_axis": (-1.0, 1.0, "0 the middle, 1 the border of the image"),
        "principal_point": (-0.5, 0.5, "widths of the image"),
    },
    "lens": {
        "corner_shift": (-0.5, 0.5, "as a share"),
        "corner_shift_4": (-0.3, 0.3, "as a share"),
    },
}


def check_range_limits(group: str, ranges: object) -> None:
    """Refuse ranges of a group that go beyond `RANGE_LIMITS`.

    Raises:
        ConfigurationError: they do; names the key, what it got and what is wanted.
    """
    for key, (least, most, unit) in RANGE_LIMITS.get(group, {}).items():
        drawn = getattr(ranges, key)
        if isinstance(drawn, Normal):
            if drawn.sigma > most:
                raise ConfigurationError(
                    f"{group}: {key}: got {drawn.sigma:g}, wanted a standard deviation up to "
                    f"{most:g}, {unit}"
                )
        elif isinstance(drawn, Uniform) and not least <= drawn.low <= drawn.high <= most:
            raise ConfigurationError(
                f"{group}: {key}: got [{drawn.low:g}, {drawn.high:g}], wanted [low, high] from "
                f"{least:g} to {most:g}, {unit}"
            )
