"""`simreal sweep`: search for good settings of training."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from simreal_cli.experiments.short_runs import add_short_run_arguments, short_run_config
from simreal_cli.parsing.arguments import output_folder, positive
from simreal_common.output_files import write_output

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
        "--out", type=output_folder, default="out/sweep", metavar="DIR",
        help="folder of trials and storage (%(default)s)",
    )  # fmt: skip
    add_short_run_arguments(parser, steps=1000)
    parser.add_argument(
        "--trials", type=positive, default=20, metavar="N", help="in all (%(default)s)"
    )
    parser.add_argument(
        "--vary", nargs="+", metavar="NAME=RANGE",
        help="settings of config/training.yaml: LOW..HIGH, log:LOW..HIGH or A,B,C; without it "
        "learning_rate, weight_decay, gradient_norm and average",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Search; what was found goes to stdout, progress to stderr."""
    import torch  # noqa: F401  # missing, they are missed here

    from simreal_bench.experiments.sweeps.search_space import USUAL, Varied
    from simreal_bench.experiments.sweeps.sweep import Sweep
    from simreal_bench.experiments.sweeps.sweep_page import sweep_page, sweep_summary, sweep_text
    from simreal_perception.training.stopping import Stopped, kill_as_ctrl_c

    config = short_run_config(args)
    sweep = Sweep(config, tuple(map(Varied.parse, args.vary or USUAL)), args.out)

    def tell(study: optuna.Study) -> None:
        last = study.trials[-1]
        print(f"trial {last.number}: {last.state.name.lower()}", file=sys.stderr, flush=True)
        text = json.dumps(sweep_summary(study), indent=1) + "\n"
        write_output(args.out / "sweep.json", text)
        write_output(args.out / "sweep.html", sweep_page(study, config.task))

    try:
        with kill_as_ctrl_c():
            sweep.run(args.trials, tell, row=0)
    except Stopped:
        print("stopped; the same command goes on", file=sys.stderr)
        return STOPPED
    print(sweep_text(sweep.study()))
    print(args.out / "sweep.html")
    return 0
