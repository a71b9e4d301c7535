"""The shape that a model finds, held against the one that a person gives."""

from __future__ import annotations

from pathlib import Path

from simreal_common.errors import ConfigurationError
from simreal_common.settings.shape_file import load_shape
from simreal_common.shapes.shape import Shape
from simreal_perception.model_files.model_card import load_model_card


def shape_of_model(model: str, given: Path | None) -> Shape:
    """What a model finds, with the measures that are given, if any.

    Args:
        model: installed model, or path of a card.
        given: file of a shape; None: what the card says.

    Raises:
        ConfigurationError: no shape in the file, or not one that the model finds.
        ModelError: no such model.
    """
    learned = load_model_card(model).shape
    if given is None:
        return learned
    shape = load_shape(given)
    if not shape.looks_like(learned):
        raise ConfigurationError(
            f"{given} is a {shape.words}, but model {model} finds a {learned.words}: wanted the same "
            "kind and proportions; train a model of your own with `simreal train --shape`"
        )
    return shape
