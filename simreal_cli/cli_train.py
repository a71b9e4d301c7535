"""`simreal train`: train the networks on randomized synthetic images."""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simreal_cli.compilation import tell_of_compilation
from simreal_cli.parsing.arguments import nonempty, nonempty_path, output_folder, positive
from simreal_common.errors import ConfigurationError, SimrealError

if TYPE_CHECKING:
    from simreal_perception.training.distributed import Ranks
    from simreal_perception.training.training_config import TrainingConfig

EPILOG = """\
examples:
  simreal train                                   the committed model, on a CPU; then: simreal export
  simreal train --overfit                         can each network learn at all? half a minute
  simreal train --curriculum --task pose          from one batch to everything, stage by stage
  simreal train --run runs/mine --start-from block --ranges mine.yaml
                                                  fine-tune the model that ships to blocks of yours
  simreal train --run runs/mine --start-from block --shape mine.yaml
                                                  blocks that are no cubes: doc/shapes.md
  simreal train --run runs/adr --adr              ranges that widen by themselves: doc/training.md
  simreal train --run runs/gpu --device cuda --prefetch 4
                                                  on a GPU, which draws, too
  torchrun --nproc-per-node 2 -m -- simreal_cli.cli train --task pose --run runs/two
                                                  one network by two processes: doc/training.md, Scale

A run that was stopped goes on where its last checkpoint was when the same command is given again.
"""
STOPPED = 130
EARLIER_CURRICULUM = "ladder"  # folder of one that an earlier version began: it goes on there


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; needs no library that only training needs."""
    from simreal_perception.training.trackers.registry import TRACKERS
    from simreal_sim.randomization.ranges.randomization_config import GROUPS

    parser.epilog = EPILOG
    parser.add_argument("--run", type=output_folder, default="runs/block", help="folder of the run")
    parser.add_argument(
        "--task",
        default="both",
        metavar="NAME",
        help="which network, detector or pose; 'both', the default, trains them side by side",
    )
    parser.add_argument(
        "--config",
        type=nonempty_path,
        metavar="FILE",
        help="YAML file; without it config/training.yaml",
    )
    parser.add_argument("--seed", type=int, help="of images and weights")
    parser.add_argument("--steps", type=positive, help="batches to learn; fewer for a quick try")
    parser.add_argument("--batch", type=positive, help="images a batch")
    parser.add_argument("--learning-rate", type=float, metavar="RATE", help="its peak")
    parser.add_argument("--width", type=positive, help="channels of the first layer")
    parser.add_argument("--threads", type=positive, help="CPU threads for each network")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="that draws images and learns")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        help="of what the network computes; auto: bfloat16 where the CPU or GPU computes with it",
    )
    parser.add_argument(
        "--prefetch",
        type=int,
        metavar="N",
        help="batches drawn ahead while the network learns, up to 8",
    )
    parser.add_argument(
        "--start-from",
        type=nonempty,
        metavar="MODEL",
        help="start from its weights: a checkpoint, a run's folder, an .onnx file, a model's card "
        "or name",
    )
    parser.add_argument(
        "--ranges",
        type=nonempty,
        metavar="FILE",
        help="YAML of randomization; without it config/randomization.yaml",
    )
    parser.add_argument(
        "--shape",
        type=nonempty_path,
        metavar="FILE",
        help="YAML of what the blocks are, e.g. kind: cuboid, edges: [0.06, 0.04, 0.03]; without it "
        "cubes",
    )
    parser.add_argument(
        "--adr",
        action="store_true",
        default=None,
        help="automatic domain randomization: begin with plain scenes and widen each range as far as "
        "the network copes, up to those of --ranges",
    )
    parser.add_argument(
        "--off",
        nargs="+",
        choices=GROUPS,
        metavar="GROUP",
        help=f"randomization to switch off: {', '.join(GROUPS)}",
    )
    parser.add_argument(
        "--tracker",
        action="append",
        choices=(*TRACKERS, "none"),
        help="that keeps figures, images and the model on this machine; several may be given; "
        "tensorboard where none is",
    )
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="anything else of config/training.yaml, e.g. --set warmup=50 decay=0.1",
    )
    stage = parser.add_mutually_exclusive_group()
    stage.add_argument(
        "--overfit",
        action="store_true",
        help="only check that each network runs and can learn one batch by heart",
    )
    stage.add_argument(
        "--curriculum",
        "--ladder",  # its earlier name
        action="store_true",
        help="these checks, then a small simple set, then one group of randomization more a stage",
    )
    stage.add_argument(
        "--no-checks", action="store_true", help="skip the checks before a new run (half a minute)"
    )


def run(args: argparse.Namespace) -> int:
    """Train; progress goes to stderr, results to stdout."""
    import torch  # missing, it is missed here, once, and not in every worker

    from simreal_perception.training.stopping import Stopped, kill_as_ctrl_c

    configs = configurations(args)
    tell_of_compilation()
    try:
        with kill_as_ctrl_c():
            if torch.distributed.is_torchelastic_launched():
                return _train_together(configs, args)
            if args.overfit:
                return max(_check(config, sys.stdout) for config in configs)
            if args.curriculum:
                return max(_run_curriculum(config, args.run) for config in configs)
            if len(configs) == 1:
                return _train(configs[0], args, 0)
            return _side_by_side(configs, args)
    except Stopped:
        return STOPPED


def configurations(args: argparse.Namespace) -> list[TrainingConfig]:
    """What the options make of the configuration's file, for each network.

    Raises:
        ConfigurationError: an option, or the file, sets what cannot be.
    """
    from simreal_perception.training.training_config import read_config

    tasks = ("detector", "pose") if args.task == "both" else (args.task,)
    return [_override(read_config(args.config, task), args) for task in tasks]


def _override(config: TrainingConfig, args: argparse.Namespace) -> TrainingConfig:
    import yaml

    from simreal_common.settings.shape_file import load_shape, shape_of, shape_text
    from simreal_common.settings.yaml_loader import load_settings
    from simreal_perception.training.trackers.registry import require_trackers
    from simreal_perception.training.training_config import OPTIONS, from_values

    changes: dict[str, Any] = {
        name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None
    }
    if args.off is not None:
        changes["disabled"] = tuple(args.off)
    if args.tracker is not None:
        changes["trackers"] = tuple(dict.fromkeys(t for t in args.tracker if t != "none"))
        require_trackers(changes["trackers"])
    if args.shape is not None:
        changes["shape"] = shape_text(load_shape(args.shape))
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals or name == "task":
            raise ConfigurationError(f"--set got '{text}': wanted NAME=VALUE, e.g. warmup=50")
        try:
            changes[name] = load_settings(value)
        except yaml.YAMLError:
            changes[name] = value
    if isinstance(changes.get("shape"), dict):  # of --set, as a model's card tells it
        changes["shape"] = shape_text(shape_of(changes["shape"], "--set shape"))
    return from_values({**dataclasses.asdict(config), **changes}, "the command line")


def _train_together(configs: list[TrainingConfig], args: argparse.Namespace) -> int:
    """One of the processes that torchrun started."""
    from simreal_perception.training.distributed import join_ranks

    if len(configs) > 1 or args.overfit or args.curriculum:
        raise ConfigurationError(
            "torchrun trains one network by several processes: wanted --task detector or --task pose, "
            "and --overfit or --curriculum without torchrun"
        )
    with join_ranks(configs[0].device) as ranks:
        return _train(configs[0], args, 0, ranks)


def _train(
    config: TrainingConfig, args: argparse.Namespace, row: int, ranks: Ranks | None = None
) -> int:
    from simreal_perception.training.distributed import ALONE
    from simreal_perception.training.run_display import RunDisplay
    from simreal_perception.training.training import train

    ranks = ranks or ALONE
    new = not (args.run / f"{config.task}.pt").exists()
    code = _check(config, sys.stderr) if ranks.first and new and not args.no_checks else 0
    if code := ranks.of_first(code):
        return code
    display = RunDisplay(config, row, config.trackers) if ranks.first else None
    result = train(config, args.run, display, ranks=ranks)
    if ranks.first:
        print(result.checkpoint, flush=True)
    if not result.finished:
        if ranks.first:
            print(
                f"{config.task}: stopped at step {result.step} of {config.steps}, which is saved; "
                "the same command goes on from there",
                file=sys.stderr,
            )
        return STOPPED
    return 0


def _side_by_side(configs: list[TrainingConfig], args: argparse.Namespace) -> int:
    """Each network in a process: drawing and learning use one core well, two cores badly."""
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_worker, args=(config, args, row))
        for row, config in enumerate(configs)
    ]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        started = [worker for worker in workers if worker.pid]
        for worker in started:
            worker.terminate()  # as gentle as Ctrl-C: they save, then stop
        for worker in started:
            worker.join()
        return STOPPED
    return max(abs(worker.exitcode or 0) for worker in workers)


def _worker(config: TrainingConfig, args: argparse.Namespace, row: int) -> None:
    from simreal_perception.training.stopping import end_with_parent, kill_as_ctrl_c

    end_with_parent()
    try:
        with kill_as_ctrl_c():
            sys.exit(_train(config, args, row))
    except SimrealError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def _check(config: TrainingConfig, output: Any) -> int:
    """Stages (a) and (b)."""
    from simreal_perception.training.sanity_checks.first_checks import it_runs
    from simreal_perception.training.sanity_checks.overfit import overfit

    for check in (it_runs, overfit):
        result = check(config)
        print(result.describe(), file=output, flush=True)
        if not result.passed:
            return 1
    return 0


def _run_curriculum(config: TrainingConfig, folder: Path) -> int:
    """All stages of the curriculum."""
    from simreal_perception.training.sanity_checks.curriculum import run_curriculum

    if code := _check(config, sys.stdout):
        return code
    passed = True
    earlier = folder / EARLIER_CURRICULUM
    runs = earlier if earlier.exists() else folder / "curriculum"
    for stage in run_curriculum(config, runs):
        print(stage.describe(), flush=True)
        passed &= stage.passed
    return 0 if passed else 1
