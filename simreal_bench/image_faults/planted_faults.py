"""Faults of camera and light, as functions of an image; and which check is to find each."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from simreal_bench.image_faults.moving_scene import Fault, Image


@dataclass(frozen=True)
class PlantedFault:
    """One fault.

    Args:
        title: what happens.
        checks: names of the monitor's checks that may find it; the first is the one that should.
        spoil: makes an image of it; None where the scene itself is another one.
    """

    title: str
    checks: tuple[str, ...]
    spoil: Fault | None


def _scaled(gain: float, offset: float = 0.0) -> Fault:
    def spoil(image: Image, time: float, rng: np.random.Generator) -> Image:
        return np.asarray(
            np.clip(gain * image.astype(np.float32) + offset, 0, 255).astype(np.uint8)
        )

    return spoil


def _cap(image: Image, time: float, rng: np.random.Generator) -> Image:
    return np.full_like(image, 3)


def _cloth(image: Image, time: float, rng: np.random.Generator) -> Image:
    """Something reddish before the lens, lit from one side."""
    light = np.linspace(0.4, 1.0, image.shape[1], dtype=np.float32)[None, :, None]
    return np.asarray(
        np.broadcast_to(light * np.array([110, 60, 50], np.float32), image.shape).astype(np.uint8)
    )


def _sticker(image: Image, time: float, rng: np.random.Generator) -> Image:
    """Something over two thirds of the lens."""
    spoilt = image.copy()
    spoilt[:, : 2 * image.shape[1] // 3] = 70
    return spoilt


def _blurred(sigma_px: float) -> Fault:
    def spoil(image: Image, time: float, rng: np.random.Generator) -> Image:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px))

    return spoil


def _shaken(image: Image, time: float, rng: np.random.Generator) -> Image:
    """Smeared over 15 pixels in one direction."""
    return np.asarray(cv2.blur(image, (15, 1)))


def _moved(right_px: float, down_px: float, turn_deg: float = 0.0, zoom: float = 1.0) -> Fault:
    def spoil(image: Image, time: float, rng: np.random.Generator) -> Image:
        height, width = image.shape[:2]
        way = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, zoom)
        way[:, 2] += (right_px, down_px)
        return np.asarray(
            cv2.warpAffine(image, way, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        )

    return spoil


def _balance(red: float, blue: float) -> Fault:
    def spoil(image: Image, time: float, rng: np.random.Generator) -> Image:
        gains = np.array([red, 1.0, blue], np.float32)
        return np.asarray(np.clip(image * gains, 0, 255).astype(np.uint8))

    return spoil


def _gained_noise(image: Image, time: float, rng: np.random.Generator) -> Image:
    """A sensor at its highest gain."""
    noise = 16.0 * rng.standard_normal(image.shape, np.float32)
    return np.asarray(np.clip(image + noise, 0, 255).astype(np.uint8))


def _negative(image: Image, time: float, rng: np.random.Generator) -> Image:
    return np.asarray(255 - image)


# Those without a function are other scenes: see `monitor_bench`.
FAULTS: dict[str, PlantedFault] = {
    "cap": PlantedFault("black cap on the lens", ("lens",), _cap),
    "cloth": PlantedFault("cloth or hand before the lens", ("lens", "exposure"), _cloth),
    "sticker": PlantedFault("two thirds of the lens covered", ("lens", "view"), _sticker),
    "over": PlantedFault("over-exposed, 4 times the light", ("exposure",), _scaled(4.0)),
    "under": PlantedFault("under-exposed, a tenth of the grey values", ("exposure",), _scaled(0.1)),
    "defocus": PlantedFault("out of focus, sigma 3 px", ("focus",), _blurred(3.0)),
    "shaken": PlantedFault("shaken, smeared over 15 px", ("focus",), _shaken),
    "shift": PlantedFault("camera shifted by 5 px", ("view",), _moved(4.0, 3.0)),
    "turn": PlantedFault("camera rolled by 2 degrees", ("view",), _moved(0.0, 0.0, 2.0)),
    "push": PlantedFault("camera pushed, 60 px and 5 degrees", ("view",), _moved(50.0, 35.0, 5.0, 1.1)),
    "away": PlantedFault("camera turned to another scene", ("view", "drift", "lens"), None),
    "balance": PlantedFault("white balance off, red 1.6, blue 0.5", ("drift",), _balance(1.6, 0.5)),
    "haze": PlantedFault("haze on the lens, contrast 0.35", ("drift", "focus"), _scaled(0.35, 130.0)),
    "noise": PlantedFault("gain too high, noise of 16 levels", ("drift",), _gained_noise),
    "negative": PlantedFault("inverted image", ("drift", "view", "lens"), _negative),
    "flat": PlantedFault("blocks too flat to be blocks, 0.65 of their height", ("network",), None),
    "narrow": PlantedFault("boxes in place of blocks, half as wide", ("network",), None),
}  # fmt: skip
