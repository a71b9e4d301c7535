"""What is measured of a picture and of its blocks: for distributions, coverage and duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera

Array = NDArray[np.float64]

WORKED_PX = 320  # longest side at which images are measured: sharpness depends on it
HASH_PX = 16  # a difference hash has 16 x 16 bits
STRONG_EDGE = 60.0  # Sobel magnitude of 8-bit grey values


@dataclass(frozen=True)
class Feature:
    """A quantity: its title with its unit, and whether its logarithm is even rather than itself."""

    title: str
    logarithmic: bool = False


IMAGE_FEATURES = {
    "brightness": Feature("brightness, 0 to 255"),
    "contrast": Feature("contrast: standard deviation of grey values"),
    "saturation": Feature("saturation, 0 to 255"),
    "warmth": Feature("warmth: red less blue"),
    "sharpness": Feature("sharpness: Laplacian's deviation", True),
    "edges": Feature("share of pixels on edges"),
}
BLOCK_FEATURES = {
    "size_px": Feature("size in the image, px", True),
    "distance_m": Feature("distance, m", True),
    "distance_edges": Feature("distance, edges of the block", True),
    "edge_mm": Feature("edge, mm", True),
    "elevation_deg": Feature("elevation of the view, degrees (90: from above)"),
    "visible": Feature("visible share"),
    "off_axis": Feature("place in the image, 0 middle, 1 border"),
}
COLOR_FEATURES = {
    "hue": Feature("hue of blocks, degrees (0 red, 120 green, 240 blue)"),
    "block_saturation": Feature("saturation of blocks, 0 to 255"),
    "block_brightness": Feature("brightness of blocks, 0 to 255"),
}
FEATURES = {**BLOCK_FEATURES, **COLOR_FEATURES, **IMAGE_FEATURES}
LEAST_HUE_SATURATION = 40.0  # below it a hue is noise


def image_features(rgb: NDArray[np.uint8]) -> dict[str, float]:
    """The quantities of `IMAGE_FEATURES` of an image, RGB uint8 (H, W, 3)."""
    small = shrunk(rgb)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    channels = small.reshape(-1, 3).mean(axis=0)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return {
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "saturation": float(cv2.cvtColor(small, cv2.COLOR_RGB2HSV)[..., 1].mean()),
        "warmth": float(channels[0] - channels[2]),
        "sharpness": float(max(cv2.Laplacian(grey, cv2.CV_32F).std(), 0.1)),
        "edges": float((np.hypot(across, down) > STRONG_EDGE).mean()),
    }


def shrunk(rgb: NDArray[np.uint8], longest: int = WORKED_PX) -> NDArray[np.uint8]:
    """An image at a size of at most `longest` pixels a side."""
    scale = longest / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = (max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def difference_hash(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """256 bits, uint8 (32,), that stay alike where an image is scaled, compressed or brightened."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (HASH_PX + 1, HASH_PX), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, 1:] > small[:, :-1])


def block_features(
    camera: Camera, pose: Array, edge: float, visible: float | None, plane_normal: Array | None
) -> dict[str, float]:
    """The quantities of `BLOCK_FEATURES`; NaN where one is not known.

    Args:
        pose: block -> optical frame, (4, 4).
        edge: metres.
        plane_normal: of the table, optical frame, towards the camera; None: the block's own axis that
            points most upwards and backwards is taken for it.
    """
    position = pose[:3, 3]
    distance = float(np.linalg.norm(position))
    pixel = camera.project(position)
    middle = np.array([camera.width - 1, camera.height - 1]) / 2
    up = _upright(pose[:3, :3]) if plane_normal is None else plane_normal
    sine = np.clip(-(up @ position) / max(distance, 1e-9), -1.0, 1.0)
    return {
        "size_px": float(camera.matrix[0, 0]) * edge / max(float(position[2]), 1e-6),
        "distance_m": distance,
        "distance_edges": distance / edge,
        "edge_mm": 1e3 * edge,
        "elevation_deg": float(np.degrees(np.arcsin(sine))),
        "visible": np.nan if visible is None else visible,
        "off_axis": float(np.abs((pixel - middle) / middle).max()),
    }


def _upright(rotation: Array) -> Array:
    """Of a block's six axes the one that is most probably upright: up in the image, or at the camera.

    Cameras look at a table from above and are hardly rolled; seen from straight above, upright is
    towards the camera.
    """
    axes = np.concatenate([rotation.T, -rotation.T])
    toward = -axes[:, 2]
    score = -axes[:, 1] + toward
    score[toward < -0.1] -= 1.0  # a table seen from below
    return np.asarray(axes[int(np.argmax(score))])


def color_features(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """The quantities of `COLOR_FEATURES` of a block's visible pixels, RGB uint8 (N, 3)."""
    hsv = cv2.cvtColor(pixels.reshape(1, -1, 3), cv2.COLOR_RGB2HSV)[0].astype(np.float64)
    angle = np.radians(2 * hsv[:, 0])
    weight = hsv[:, 1] * hsv[:, 2]
    x, y = float((weight * np.cos(angle)).sum()), float((weight * np.sin(angle)).sum())
    colored = hsv[:, 1].mean() >= LEAST_HUE_SATURATION
    return {
        "hue": float(np.degrees(np.arctan2(y, x)) % 360) if colored else np.nan,
        "block_saturation": float(hsv[:, 1].mean()),
        "block_brightness": float(hsv[:, 2].mean()),
    }


def known(rows: Sequence[dict[str, float]], name: str) -> Array:
    """All values of a quantity that are known, (N,)."""
    values = np.array([row[name] for row in rows if name in row], dtype=np.float64)
    return values[np.isfinite(values)]
