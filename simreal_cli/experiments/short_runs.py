"""Options of experiments that make many short runs, and the configuration that they ask for."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from simreal_cli.parsing.arguments import nonempty, nonempty_path, positive

if TYPE_CHECKING:
    from simreal_perception.training.training_config import TrainingConfig

WARMUP_PART = 10  # of a short run, the warm-up is one at most


def add_short_run_arguments(parser: argparse.ArgumentParser, steps: int) -> None:
    """Declare which network learns, from what, and how little.

    Args:
        steps: batches of a run where nobody says how many.
    """
    parser.add_argument("--task", default="pose", help="which network (%(default)s)")
    parser.add_argument(
        "--steps", type=positive, default=steps, help="batches that each run learns (%(default)s)"
    )
    parser.add_argument("--batch", type=positive, default=64, help="images a batch (%(default)s)")
    parser.add_argument(
        "--width", type=positive, default=16, help="channels of the first layer (%(default)s)"
    )
    parser.add_argument(
        "--config", type=nonempty_path, metavar="FILE", help="YAML of everything else"
    )
    parser.add_argument(
        "--ranges", type=nonempty, metavar="FILE", help="YAML of the whole randomization"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="that draws and learns")


def short_run_config(args: argparse.Namespace) -> TrainingConfig:
    """The configuration of a run, out of these options and the file that they name.

    Raises:
        ConfigurationError: the file cannot be read, or something is set that cannot be.
    """
    from simreal_perception.training.training_config import read_config

    usual = read_config(args.config, args.task)
    return dataclasses.replace(
        usual,
        steps=args.steps,
        batch=args.batch,
        width=args.width,
        warmup=min(usual.warmup, args.steps // WARMUP_PART),
        ranges=args.ranges or usual.ranges,
        device=args.device or usual.device,
    )
