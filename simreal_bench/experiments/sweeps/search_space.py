"""Which settings a sweep varies, and how far."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import yaml

from simreal_common.errors import ConfigurationError
from simreal_common.settings.yaml_loader import load_settings
from simreal_perception.training.training_config import MACHINE, TrainingConfig, from_values

# With another of these the held-out images are others, or the budget is: losses say nothing then.
FIXED = MACHINE | {
    "task", "seed", "ranges", "disabled", "textures", "held_out", "batch", "start_from",
    "proposals_from", "repeat",
}  # fmt: skip
USUAL = (
    "learning_rate=log:0.0005..0.01", "weight_decay=log:0.001..0.1", "gradient_norm=log:1..20",
    "average=0.9,0.99,0.999",
)  # fmt: skip
WANTED = "NAME=LOW..HIGH, NAME=log:LOW..HIGH or NAME=A,B,C"


@dataclass(frozen=True)
class Varied:
    """One setting.

    Args:
        name: a field of `TrainingConfig`.
        low, high: ends of its range; None of choices.
        log: whether the logarithm is what is even.
        choices: values; empty of a range.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def suggest(self, trial: Any) -> Any:
        """The value that an Optuna trial takes."""
        if self.choices:
            return trial.suggest_categorical(self.name, list(self.choices))
        if isinstance(self.low, int) and isinstance(self.high, int) and not self.log:
            return trial.suggest_int(self.name, self.low, self.high)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    @staticmethod
    def parse(text: str) -> Varied:
        """What `--vary` says.

        Raises:
            ConfigurationError: it says it otherwise than wanted, or names what cannot be varied.
        """
        name, equals, value = text.partition("=")
        known = [field.name for field in dataclasses.fields(TrainingConfig)]
        free = [one for one in known if one not in FIXED]
        if name not in free:
            raise ConfigurationError(
                f"--vary got '{text}': '{name}' cannot be varied; wanted one of {', '.join(free)}"
            )
        log = value.startswith("log:")
        low, dots, high = value.removeprefix("log:").partition("..")
        if dots:
            ends = [_value(end) for end in (low, high)]
            ordered = all(isinstance(end, (int, float)) for end in ends) and ends[0] < ends[1]
            if ordered and not (log and ends[0] <= 0):
                whole = isinstance(getattr(TrainingConfig("pose"), name), int)
                if not whole:
                    return Varied(name, float(ends[0]), float(ends[1]), log)
                if all(isinstance(end, int) for end in ends) and not log:
                    return Varied(name, ends[0], ends[1])
        elif equals and not log and len(value.split(",")) > 1:
            choices = tuple(_value(one) for one in value.split(","))
            for choice in choices:  # refused now, and not by the first trial that takes it
                from_values({"task": "pose", name: choice}, f"--vary got '{text}'")
            return Varied(name, choices=choices)
        raise ConfigurationError(
            f"--vary got '{text}': wanted {WANTED}, with LOW below HIGH, above 0 after log:, whole "
            "numbers where the setting is one"
        )


def _value(text: str) -> Any:
    """A value as YAML writes it; what is no YAML is a text."""
    try:
        return load_settings(text)
    except yaml.YAMLError:
        return text
