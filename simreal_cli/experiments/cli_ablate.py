"""`simreal ablate`: what is each part of the randomization worth?"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from simreal_cli.experiments.short_runs import add_short_run_arguments, short_run_config
from simreal_cli.parsing.arguments import nonempty_path, output_folder, positive
from simreal_common.output_files import write_output

STOPPED = 130
EPILOG = """\
examples:
  simreal ablate --photos my_photographs            six ablations and everything, three seeds each
  simreal ablate --seeds 5 --steps 2000 --out out/large
  simreal ablate --only no_prints no_noise          these against everything

Stopped, it goes on when the same command is given again, also with more seeds. The table
(ablation.json, ablation.html) is written anew after every run.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--out", type=output_folder, default="out/ablation", metavar="DIR",
        help="folder of runs and table (%(default)s)",
    )  # fmt: skip
    add_short_run_arguments(parser, steps=600)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="ablations to make; everything is always there"
    )
    parser.add_argument(
        "--seeds", type=positive, default=3, metavar="N", help="runs of each (%(default)s)"
    )
    parser.add_argument(
        "--held-out", type=positive, default=16, metavar="N",
        help="batches of the whole randomization to measure on (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--photos", type=nonempty_path, metavar="FOLDER",
        help="labelled photographs to measure on, too; the pose network alone",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Make the ablations; the table goes to stdout, progress to stderr."""
    import torch  # noqa: F401  # missing, it is missed here

    from simreal_bench.experiments.ablations.ablation import Ablation, AblationResult
    from simreal_bench.experiments.ablations.ablation_table import ablation_table
    from simreal_bench.experiments.ablations.ablation_variants import EVERYTHING, VARIANTS
    from simreal_perception.evaluation.labelled_photographs import photograph_source
    from simreal_perception.training.stopping import Stopped, kill_as_ctrl_c

    config = dataclasses.replace(short_run_config(args), held_out=args.held_out)
    variants = tuple(dict.fromkeys((EVERYTHING.name, *(args.only or VARIANTS))))
    ablation = Ablation(
        config,
        variants,
        tuple(range(1, args.seeds + 1)),
        args.out,
        None if args.photos is None else photograph_source(args.photos),
    )

    def tell(result: AblationResult | None = None) -> None:
        if result is not None:
            print(f"{result.variant}, seed {result.seed}: done", file=sys.stderr, flush=True)
        if done := ablation.done():
            table = ablation_table(config.task, done)
            text = json.dumps(table.as_json(), indent=1) + "\n"
            write_output(args.out / "ablation.json", text)
            write_output(args.out / "ablation.html", table.as_page())

    try:
        with kill_as_ctrl_c():
            ablation.run_missing(tell, row=0)
    except Stopped:
        print("stopped; the same command goes on", file=sys.stderr)
        return STOPPED
    tell()
    print(ablation_table(config.task, ablation.done()).as_text())
    print(args.out / "ablation.html")
    return 0
