"""The commands that make a model again, for its card."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

import yaml

from simreal_perception.training.training_config import OPTIONS, TrainingConfig, read_config


def training_command(config: TrainingConfig, run: Path) -> str:
    """`simreal train` with everything in which a run differs from config/training.yaml."""
    usual = read_config(None, config.task)
    options: list[Any] = ["simreal", "train", "--run", place(run), "--task", config.task]
    others = []
    for field in dataclasses.fields(TrainingConfig):
        value = getattr(config, field.name)
        if value == getattr(usual, field.name):
            continue
        if field.name in OPTIONS and value is True:
            options.append(f"--{field.name}")
        elif field.name in OPTIONS and value not in ("", False):
            options += [f"--{field.name.replace('_', '-')}", value]
        else:
            others.append(f"{field.name}={_text(value)}")
    return shlex.join(map(str, [*options, *(["--set", *others] if others else [])]))


def place(path: Path) -> str:
    """A path for a command that others run: relative as given, of an absolute one the last name."""
    return path.name if path.is_absolute() else str(path)


def _text(value: Any) -> str:
    """A value as YAML has it, on one line."""
    plain = list(value) if isinstance(value, tuple) else value
    text: str = yaml.safe_dump(plain, default_flow_style=True, width=10_000)
    return text.removesuffix("...\n").strip()
