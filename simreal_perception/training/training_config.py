"""The configuration of a training run: one dataclass, written and read as YAML."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_common.resources import share_directory
from simreal_common.settings import configuration
from simreal_common.settings.shape_file import read_shape_text
from simreal_common.shapes.shape import Shape
from simreal_perception.labelled_batches.replayed_source import TEXTURES
from simreal_perception.training.adr.widening_rule import AdrRule
from simreal_perception.training.tasks.registry import TASKS
from simreal_perception.training.tasks.task import MOST_PREFETCH
from simreal_perception.training.trackers.registry import TRACKERS
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

# What may change when a run goes on: how fast it is, not what it learns.
# The number of steps may, too: see `training.learning_rate`.
MACHINE = frozenset(
    {
        "checkpoint_s", "evaluate_s", "threads", "device", "precision", "prefetch", "steps",
        "trackers", "evaluate_steps",
    }
)  # fmt: skip
DEVICES = ("cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16")
# Fields with an option of their own on the command line.
OPTIONS = (
    "seed", "steps", "batch", "learning_rate", "width", "threads", "device", "precision",
    "prefetch", "start_from", "ranges", "adr",
)  # fmt: skip
UNKNOWN = "it sets {names}, which is no part of a training run; the names are {known}"
UNREADABLE = (
    "cannot read configuration {path} ({reason}); wanted a YAML file like config/training.yaml"
)


@dataclass(frozen=True)
class TrainingConfig:
    """One run of one network. What each means in practice stands in config/training.yaml.

    Args:
        task: name out of `TASKS`.
        seed: of the images and of the initial weights.
        steps: number of batches.
        batch: images a batch.
        learning_rate: its peak, see `training.learning_rate`.
        warmup: steps until the peak.
        decay: share of the steps at the end over which the rate falls to zero.
        weight_decay: of AdamW.
        gradient_norm: longer gradients are shortened to this.
        width: channels of the network's first layer.
        average: decay a step of the weights' moving average, the weights that ship; 0: none.
        repeat: learn from so many batches again and again; 0: every image is new.
        ranges: file with the ranges of randomization; "": config/randomization.yaml.
        shape: what the blocks are, a line of YAML as `shape_file.shape_text` writes it; "": cubes.
        disabled: randomization groups that are switched off.
        textures: different pictures that surfaces show; fewer than the pool holds, for ablations.
        start_from: checkpoint or exported model whose weights the run starts from; "": fresh ones.
        proposals_from: model whose detector points at what a share of the crops show, so that the
            pose network learns to judge what it will be asked about; "": none. Of `pose` alone.
        adr: widen the ranges as far as the network copes, from a point to what `ranges` says, in place
            of learning from all of it at once (automatic domain randomization).
        adr_every: steps between two looks at a boundary.
        adr_images: images of a look.
        adr_buffer: looks at a boundary before it may move.
        adr_step: by how much it moves, as a share of the way from the point to its limit.
        adr_low, adr_high: performance below which a range narrows, above which it widens.
        held_out: batches that are never learned, to choose the best weights by.
        checkpoint_s: seconds between checkpoints; at most these are lost.
        evaluate_s: least seconds between measurements on the held-out batches, at checkpoints.
        evaluate_steps: measure after so many steps each time, too; 0: by time alone.
        threads: CPU threads for drawing, and as many for learning.
        device: where images are drawn and the network learns, "cpu" or "cuda".
        precision: of the numbers that the network learns with, "float32" or "bfloat16"; "auto": what
            is faster here, see `precision.choose_precision`.
        prefetch: batches that are drawn ahead while the network learns; 0: in turns.
        trackers: of what the run tells, names out of `trackers.registry.TRACKERS`.

    Raises:
        ConfigurationError: a value that cannot be.
    """

    task: str
    seed: int = 1
    steps: int = 4000
    batch: int = 128
    learning_rate: float = 2e-3
    warmup: int = 200
    decay: float = 0.3
    weight_decay: float = 1e-2
    gradient_norm: float = 5.0
    width: int = 24
    average: float = 0.999
    repeat: int = 0
    ranges: str = ""
    shape: str = ""
    disabled: tuple[str, ...] = ()
    textures: int = TEXTURES
    start_from: str = ""
    proposals_from: str = ""
    adr: bool = False
    adr_every: int = 1
    adr_images: int = 24
    adr_buffer: int = 2
    adr_step: float = 0.1
    adr_low: float = 0.6
    adr_high: float = 0.8
    held_out: int = 16
    checkpoint_s: float = 60.0
    evaluate_s: float = 300.0
    evaluate_steps: int = 0
    threads: int = 1
    device: str = "cpu"
    precision: str = "auto"
    prefetch: int = 0
    trackers: tuple[str, ...] = ("tensorboard",)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ConfigurationError(
                f"no network is called '{self.task}'; wanted one of {', '.join(TASKS)}"
            )
        for name in (
            "steps", "batch", "width", "threads", "held_out", "adr_every", "adr_images", "textures",
        ):  # fmt: skip
            self._at_least(name, 1)
        for name in (
            "seed", "warmup", "weight_decay", "repeat", "checkpoint_s", "evaluate_s", "prefetch",
            "evaluate_steps",
        ):  # fmt: skip
            self._at_least(name, 0)
        if self.proposals_from and self.task != "pose":
            raise ConfigurationError(
                f"proposals_from is set for the {self.task}: wanted for the pose network alone; "
                "give --task pose, or set it in the section 'pose'"
            )
        self.adr_rule  # noqa: B018  # refuses what makes no sense
        if self.adr and (self.prefetch or self.repeat):
            raise ConfigurationError(
                f"adr is on with prefetch {self.prefetch} and repeat {self.repeat}: wanted 0 for both: "
                "every batch is drawn from the ranges as the one before has left them"
            )
        if self.prefetch > MOST_PREFETCH:
            raise ConfigurationError(f"prefetch is {self.prefetch}: wanted 0 to {MOST_PREFETCH}")
        if self.textures > TEXTURES:
            raise ConfigurationError(
                f"textures is {self.textures}: wanted 1 to {TEXTURES}, as many as are drawn"
            )
        for name in ("learning_rate", "gradient_norm"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)}: wanted more than 0")
        if not 0 <= self.decay <= 1:
            raise ConfigurationError(f"decay is {self.decay}: wanted a share, 0 to 1")
        if not 0 <= self.average < 1:
            raise ConfigurationError(f"average is {self.average}: wanted 0 or more, less than 1")
        for name, known in (("device", DEVICES), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise ConfigurationError(
                    f"{name} is '{getattr(self, name)}': wanted one of {', '.join(known)}"
                )
        for tracker in self.trackers:
            if tracker not in TRACKERS:
                raise ConfigurationError(
                    f"no tracker is called '{tracker}'; wanted some of {', '.join(TRACKERS)}"
                )
        RandomizationConfig(frozenset(self.disabled))  # refuses unknown names
        self.body  # noqa: B018  # refuses what is no shape

    @property
    def adr_rule(self) -> AdrRule:
        """When automatic randomization moves a boundary."""
        return AdrRule(self.adr_low, self.adr_high, self.adr_buffer, self.adr_step)

    @property
    def randomization(self) -> RandomizationConfig:
        """What is varied, and how far.

        Raises:
            ConfigurationError: the file of ranges cannot be read.
        """
        path = Path(self.ranges) if self.ranges else None
        return RandomizationConfig.load(path, self.disabled, self.body)

    @property
    def body(self) -> Shape:
        """The blocks' shape."""
        return read_shape_text(self.shape, "shape")

    def _at_least(self, name: str, lowest: int) -> None:
        value = getattr(self, name)
        if not value >= lowest:
            raise ConfigurationError(f"{name} is {value}: wanted {lowest} or more")


def from_values(values: Mapping[str, Any], where: str) -> TrainingConfig:
    """A configuration from names and values as YAML or JSON give them.

    Args:
        where: what the values came from, for the error.

    Raises:
        ConfigurationError: a name that is none, or a value of the wrong kind.
    """
    return configuration.from_values(TrainingConfig, values, where, UNKNOWN)


def read_config(path: Path | None, task: str) -> TrainingConfig:
    """The configuration of one network out of a YAML file.

    Values at the top of the file hold for every network, those in a section that has the name of a
    network for that one.

    Args:
        path: the file; None for config/training.yaml, by which the committed model is made.

    Raises:
        ConfigurationError: the file cannot be read, or sets what cannot be.
    """
    TrainingConfig(task)  # a name that is none is not the file's fault
    path = path or share_directory() / "config" / "training.yaml"
    content = configuration.load_yaml(path, UNREADABLE) or {}
    if not isinstance(content, dict) or not isinstance(content.get(task) or {}, dict):
        raise ConfigurationError(
            f"{path} is no table of names and values; see config/training.yaml"
        )
    common = {k: v for k, v in content.items() if k not in TASKS}
    return from_values({**common, **(content.get(task) or {}), "task": task}, str(path))


def write_config(config: TrainingConfig, path: Path) -> None:
    """Write a file that `read_config` reads back."""
    values = dataclasses.asdict(config)
    task = values.pop("task")
    values["disabled"], values["trackers"] = list(config.disabled), list(config.trackers)
    write_whole(path, yaml.safe_dump({task: values}, sort_keys=False))
