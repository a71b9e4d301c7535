"""Pictures that are there twice: pixel for pixel, or nearly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simreal_perception.inspection.picture_fault import PictureFault

# Of 256 bits; those of different scenes differ in a hundred, of one scaled or compressed in a few.
NEAR_BITS = 8
LEAST_SPREAD = 8  # set bits, and bits that are not: flat images all look alike


def find_duplicates(
    names: Sequence[str],
    pixels: Sequence[str],
    hashes: NDArray[np.uint8],
    labels: Sequence[str],
) -> list[PictureFault]:
    """Pictures that repeat an earlier one.

    Args:
        names: of the pictures.
        pixels: a hash of each one's pixels.
        hashes: of `difference_hash`, uint8 (N, 32).
        labels: of each one's blocks as text; "" where there is no label.

    Returns:
        An error where the labels of the same pixels differ, else what is worth a look.
    """
    found: list[PictureFault] = []
    first: dict[str, int] = {}
    exact: set[int] = set()
    for index, key in enumerate(pixels):
        earlier = first.setdefault(key, index)
        if earlier == index:
            continue
        exact.add(index)
        if labels[earlier] != labels[index]:
            words = f"the same pixels as {names[earlier]}, under another label"
            found.append(PictureFault(names[index], "two labels", words))
        else:
            words = f"the same pixels as {names[earlier]}"
            found.append(PictureFault(names[index], "duplicate", words, error=False))
    bits = np.unpackbits(hashes, axis=1) if len(hashes) else np.zeros((0, 256), np.uint8)
    set_bits = bits.sum(axis=1, dtype=np.int64)
    telling = (set_bits >= LEAST_SPREAD) & (set_bits <= bits.shape[1] - LEAST_SPREAD)
    signs = bits.astype(np.float32)
    for index in np.flatnonzero(telling).tolist():
        if index in exact:
            continue
        agreeing = signs[:index] @ signs[index]
        differ = set_bits[:index] + set_bits[index] - 2 * agreeing
        alike = np.flatnonzero((differ <= NEAR_BITS) & telling[:index]).tolist()
        near = [other for other in alike if other not in exact]
        if near:
            words = f"nearly the same as {names[near[0]]}"
            found.append(PictureFault(names[index], "near duplicate", words, error=False))
    return found
