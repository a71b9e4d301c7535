"""Which printed tag stands on which face of which block, and where its corners are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError

Array = NDArray[np.float64]

FACES = 6  # -x, +x, -y, +y, -z, +z of the block's frame
# The dictionaries of OpenCV's aruco module, and the bits of a tag in each, its black border aside.
DICTIONARIES = {
    "APRILTAG_36h11": 6,
    "APRILTAG_25h9": 5,
    "APRILTAG_16h5": 4,
    "4X4_250": 4,
    "5X5_250": 5,
    "6X6_250": 6,
}
DEFAULT_DICTIONARY = "APRILTAG_36h11"


@dataclass(frozen=True)
class TagLayout:
    """Six tags a block: the faces of block n have the tags 6 n to 6 n + 5.

    The tag is centred on its face with one white cell around it. Seen from outside, its right and its
    lower side run along these axes of the block: face -x y and z, +x y and -z, -y x and -z, +y x and
    z, -z x and y, +z x and -y.

    Args:
        dictionary: one of `DICTIONARIES`.

    Raises:
        ConfigurationError: an unknown dictionary.
    """

    dictionary: str = DEFAULT_DICTIONARY

    def __post_init__(self) -> None:
        if self.dictionary not in DICTIONARIES:
            raise ConfigurationError(
                f"no dictionary of tags is called '{self.dictionary}'; wanted one of "
                f"{', '.join(DICTIONARIES)}"
            )

    @property
    def cells(self) -> int:
        """Cells a side of a face: the bits, the black border and the white one."""
        return DICTIONARIES[self.dictionary] + 4

    @property
    def tag_share(self) -> float:
        """Side of the tag, its black border included, as share of the edge."""
        return (self.cells - 2) / self.cells

    @property
    def blocks(self) -> int:
        """How many blocks the dictionary has tags for."""
        return len(self.family.bytesList) // FACES

    @property
    def family(self) -> cv2.aruco.Dictionary:
        """OpenCV's dictionary."""
        return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{self.dictionary}"))

    def corners(self, face: int, edge: float) -> Array:
        """Corners of a face's tag in the block's frame, metres, (4, 3), in OpenCV's order.

        Top left, top right, bottom right, bottom left of the tag as it is printed.
        """
        half = edge / 2 * self.tag_share
        axis, side = divmod(face, 2)
        right, down = [a for a in range(3) if a != axis]
        corners = np.zeros((4, 3))
        corners[:, axis] = edge / 2 * (1 if side else -1)
        corners[:, right] = half * np.array([-1, 1, 1, -1])
        corners[:, down] = half * np.array([-1, -1, 1, 1]) * self.down_sign(face)
        return corners

    def down_sign(self, face: int) -> int:
        """Whether the tag's lower side points along (1) or against (-1) the later of a face's axes."""
        axis, side = divmod(face, 2)
        # Right x down points into the block; of x, y, z without the middle one the product is -y.
        outward = bool(side) ^ (axis == 1)
        return -1 if outward else 1

    def print_of(self, block: int, face: int, size: int) -> NDArray[np.uint8]:
        """What is printed on a face: uint8, (size, size), white border included.

        Raises:
            ConfigurationError: more blocks than the dictionary has tags for.
        """
        if not 0 <= block < self.blocks:
            raise ConfigurationError(
                f"block {block} has no tags: {self.dictionary} has them for {self.blocks} blocks, "
                "wanted a lower number or another dictionary"
            )
        cells, fine = self.cells, -(-size // self.cells)
        tag = cv2.aruco.generateImageMarker(
            self.family, FACES * block + face, fine * (cells - 2), borderBits=1
        )
        whole = cv2.copyMakeBorder(tag, fine, fine, fine, fine, cv2.BORDER_CONSTANT, value=255)
        if len(whole) != size:
            whole = cv2.resize(whole, (size, size), interpolation=cv2.INTER_AREA)
        return np.asarray(whole, dtype=np.uint8)
