"""What an evaluation leaves in a model's card: figures, and how often real images were looked at."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

from simreal_perception.model_files.model_card import ModelCard, write_card


def write_figures(
    card: ModelCard, command: str, figures: Mapping[str, Any], real_images: str | None
) -> None:
    """Write the overall figures under the command, in place of what it gave before.

    Args:
        figures: as `evaluation_report.report` gives them.
        real_images: name of a set of real images, whose count under `looks` goes up by one: a
            model chosen by looking at few real images often is fitted to them after all. None for
            synthetic ones, of which there are always fresh ones.
    """
    content = dict(card.content)
    entry = {
        "images": figures["images"],
        **figures["overall"],
        "expected_calibration_error": figures["expected_calibration_error"],
        "estimator_ms_p50": figures["estimator_ms_p50"],
    }
    rounded: dict[str, Any] = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in entry.items()
    }
    rounded["machine"] = f"{platform.machine()}, {os.cpu_count()} CPU cores"
    content["metrics"] = {**content["metrics"], command: rounded}
    if real_images is not None:
        looks = dict(content.get("looks", {}))
        looks[real_images] = looks.get(real_images, 0) + 1
        content["looks"] = looks
    write_card(card.path, content)
