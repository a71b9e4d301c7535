"""The models of lenses that there are, and whose a name is."""

from __future__ import annotations

from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_common.lenses.lens import Lens
from simreal_common.lenses.perspective_lens import PERSPECTIVE

LENSES: tuple[Lens, ...] = (PERSPECTIVE, EQUIDISTANT)


def lens_of(model: str) -> Lens | None:
    """The lens with a distortion model of that name; None where there is none."""
    return next((lens for lens in LENSES if model in lens.models), None)
