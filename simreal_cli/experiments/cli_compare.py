"""`simreal compare`: what differs between runs, and is it more than seeds make?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simreal_cli.parsing.arguments import nonempty_path, output_file, positive
from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_output

if TYPE_CHECKING:
    from simreal_bench.experiments.training_record import TrainingRecord

EPILOG = """\
examples:
  simreal compare runs/plain runs/wider                 two runs
  simreal compare runs/plain1 runs/plain2 runs/plain3 --with runs/wider1 runs/wider2 runs/wider3
                                                        two kinds of runs, with three seeds each
  simreal compare runs/plain runs/wider --common --photos my_photographs
                                                        measured on the same images, too
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "runs", nargs="+", type=nonempty_path, metavar="RUN", help="folders of runs"
    )
    parser.add_argument(
        "--with", nargs="+", type=nonempty_path, default=[], metavar="RUN", dest="others",
        help="the other side, where a side is several runs",
    )  # fmt: skip
    parser.add_argument(
        "--task", help="which network; without it the only one, or of several the pose network"
    )
    parser.add_argument(
        "--common", action="store_true",
        help="measure all on the same images, drawn from config/randomization.yaml",
    )  # fmt: skip
    parser.add_argument(
        "--ranges",
        type=nonempty_path,
        metavar="FILE",
        help="draw these from other ranges; implies --common",
    )
    parser.add_argument(
        "--images", type=positive, default=1024, metavar="N", help="how many (%(default)s)"
    )
    parser.add_argument(
        "--photos", type=nonempty_path, metavar="FOLDER",
        help="measure all on the cubes of these labelled photographs, too; the pose network alone",
    )  # fmt: skip
    parser.add_argument("--html", type=output_file, metavar="FILE", help="write a page, too")


def run(args: argparse.Namespace) -> int:
    """Compare; the text goes to stdout."""
    import torch  # noqa: F401  # missing, it is missed here

    from simreal_bench.experiments.comparison import compare
    from simreal_bench.experiments.comparison_page import comparison_page, comparison_text
    from simreal_bench.experiments.training_record import read_run

    if not args.others and len(args.runs) != 2:
        raise ConfigurationError(
            f"got {len(args.runs)} runs: wanted two, or --with before those of the other side"
        )
    sides = (args.runs, args.others) if args.others else (args.runs[:1], args.runs[1:])
    before, after = ([read_run(folder, args.task) for folder in side] for side in sides)
    found = compare(before, after, _measured(args, before, after))
    print(comparison_text(found))
    if args.html is not None:
        write_output(args.html, comparison_page(found))
        print(args.html, file=sys.stderr)
    return 0


def _measured(
    args: argparse.Namespace, before: Sequence[TrainingRecord], after: Sequence[TrainingRecord]
) -> dict[str, tuple[list[dict[str, float]], list[dict[str, float]]]]:
    """Figures on images that are the same for all, as far as they are asked for."""
    common = args.common or args.ranges is not None
    if not common and args.photos is None:
        return {}
    from simreal_bench.experiments.common_images import CommonImages
    from simreal_perception.evaluation.labelled_photographs import photograph_source
    from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

    batch = min(args.images, 64)
    images = CommonImages(
        before[0].config.task,
        RandomizationConfig.load(args.ranges),
        batch,
        -(-args.images // batch) if common else 0,
        photographs=None if args.photos is None else photograph_source(args.photos),
    )
    figures = [[images.measure(one.best_checkpoint) for one in side] for side in (before, after)]
    names = (
        [f"the same images of {args.ranges or 'config/randomization.yaml'}"] if common else []
    ) + ([f"photographs in {args.photos}"] if args.photos is not None else [])
    at = ([0] if common else []) + ([1] if args.photos is not None else [])
    return {
        name: ([one[n] for one in figures[0]], [one[n] for one in figures[1]])
        for name, n in zip(names, at)
    }
