"""`simreal train`: train the detector and the pose network on randomized synthetic pictures."""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import sys
from pathlib import Path

from simreal_common.arguments import positive
from simreal_common.errors import SimrealError

EPILOG = """\
The committed model is made by `simreal train`, then `simreal export runs/block models/block`:
about an hour on two free CPU cores, one for each network. A run that was stopped goes on where its
last checkpoint was when the same command is given again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from simreal_sim.randomization import GROUPS

    parser.epilog = EPILOG
    parser.add_argument("--run", type=Path, default=Path("runs/block"), help="folder of the run")
    parser.add_argument(
        "--task",
        choices=("both", "detector", "pose"),
        default="both",
        help="which network; both are trained side by side, one CPU core each",
    )
    parser.add_argument("--seed", type=int, default=1, help="of data and weights")
    parser.add_argument("--steps", type=positive, help="batches; fewer for a quick try")
    parser.add_argument("--threads", type=positive, default=1, help="CPU threads for each network")
    parser.add_argument(
        "--off",
        nargs="+",
        default=[],
        choices=GROUPS,
        metavar="GROUP",
        help=f"randomization to switch off: {', '.join(GROUPS)}",
    )
    parser.add_argument(
        "--overfit",
        action="store_true",
        help="only check that each network can learn one batch by heart, then stop",
    )


def run(args: argparse.Namespace) -> int:
    """Train; progress goes to stderr, the checkpoints' paths to stdout."""
    import torch  # noqa: F401  # missing, it is missed here, once, and not in every worker

    tasks = ("detector", "pose") if args.task == "both" else (args.task,)
    if args.overfit:
        return max(_overfit(task, args.seed) for task in tasks)
    if len(tasks) == 1:
        return _train(tasks[0], args, 0)
    # Drawing and learning of one network use one core well, two cores badly.
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_worker, args=(task, args, row)) for row, task in enumerate(tasks)
    ]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        for worker in workers:
            worker.terminate()
        print("\nstopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return max(abs(worker.exitcode or 0) for worker in workers)


def _worker(task: str, args: argparse.Namespace, row: int) -> None:
    try:
        sys.exit(_train(task, args, row))
    except SimrealError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _train(task: str, args: argparse.Namespace, row: int) -> int:
    from tqdm import tqdm

    from simreal_perception.training import DEFAULTS, train

    changes = {"seed": args.seed, "threads": args.threads, "disabled": tuple(args.off)}
    if args.steps:
        changes["steps"] = args.steps
    config = dataclasses.replace(DEFAULTS[task], **changes)
    with tqdm(
        total=config.steps * config.batch, unit="img", unit_scale=True, desc=f"{task:8}",
        position=row, dynamic_ncols=True, mininterval=1.0,
    ) as bar:  # fmt: skip

        def progress(step: int, figures: dict[str, float]) -> None:
            if bar.n == 0 and step > 1:  # resumed: what was done before costs no time now
                bar.initial = bar.n = (step - 1) * config.batch
            bar.set_postfix({k: f"{v:.3g}" for k, v in figures.items()}, refresh=False)
            bar.update(config.batch)

        checkpoint = train(config, args.run, progress)
    print(checkpoint)
    return 0


def _overfit(task: str, seed: int) -> int:
    from simreal_perception.overfit import overfit

    result = overfit(task, seed=seed)
    print(result.describe())
    return 0 if result.learned else 1
