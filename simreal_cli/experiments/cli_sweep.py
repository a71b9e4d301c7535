"""`simreal sweep`: search for good settings of training."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole

if TYPE_CHECKING:
    import optuna

STOPPED = 130
EPILOG = """\
examples:
  simreal sweep --task pose --trials 30 --steps 1500
  simreal sweep --vary learning_rate=log:0.0005..0.01 width=16,24,32

Each trial is a short run; one that does worse than half of the earlier ones did by then is given up.
Stopped, it goes on when the same command is given again, also with more trials.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--out", type=Path, default=Path("out/sweep"), metavar="DIR",
        help="folder of trials and storage (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--task", default="pose", help="which network (%(default)s)")
    parser.add_argument("--trials", type=int, default=20, metavar="N", help="in all (%(default)s)")
    parser.add_argument(
        "--steps", type=int, default=1000, help="batches that a trial learns (%(default)s)"
    )
    parser.add_argument("--batch", type=int, default=64, help="images a batch (%(default)s)")
    parser.add_argument("--width", type=int, default=16, help="of the network (%(default)s)")
    parser.add_argument(
        "--vary", nargs="+", metavar="NAME=RANGE",
        help="settings of config/training.yaml: LOW..HIGH, log:LOW..HIGH or A,B,C; without it "
        "learning_rate, weight_decay, gradient_norm and average",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, metavar="FILE", help="YAML of everything else")
    parser.add_argument("--ranges", metavar="FILE", help="YAML of randomization")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="that draws and learns")


def run(args: argparse.Namespace) -> int:
    """Search; what was found goes to stdout, progress to stderr."""
    import torch  # noqa: F401  # missing, they are missed here

    from simreal_bench.experiments.sweeps.search_space import USUAL, Varied
    from simreal_bench.experiments.sweeps.sweep import Sweep
    from simreal_bench.experiments.sweeps.sweep_page import sweep_page, sweep_summary, sweep_text
    from simreal_perception.training.stopping import Stopped, kill_as_ctrl_c
    from simreal_perception.training.training_config import read_config

    if args.trials < 1:
        raise ConfigurationError(f"--trials is {args.trials}: wanted 1 or more")
    usual = read_config(args.config, args.task)
    config = dataclasses.replace(
        usual,
        steps=args.steps,
        batch=args.batch,
        width=args.width,
        warmup=min(usual.warmup, args.steps // 10),
        ranges=args.ranges or usual.ranges,
        device=args.device or usual.device,
    )
    sweep = Sweep(config, tuple(map(Varied.parse, args.vary or USUAL)), args.out)

    def tell(study: optuna.Study) -> None:
        last = study.trials[-1]
        print(f"trial {last.number}: {last.state.name.lower()}", file=sys.stderr, flush=True)
        text = json.dumps(sweep_summary(study), indent=1) + "\n"
        write_whole(args.out / "sweep.json", text)
        write_whole(args.out / "sweep.html", sweep_page(study, config.task))

    try:
        with kill_as_ctrl_c():
            sweep.run(args.trials, tell, row=0)
    except Stopped:
        print("stopped; the same command goes on", file=sys.stderr)
        return STOPPED
    print(sweep_text(sweep.study()))
    print(args.out / "sweep.html")
    return 0
