"""`simreal report`: one page of one run of training."""

from __future__ import annotations

import argparse

from simreal_cli.parsing.arguments import nonempty_path, output_file
from simreal_common.output_files import check_writable, write_output

EPILOG = """\
examples:
  simreal report runs/mine                        writes runs/mine/report.html (of the pose network)
  simreal report runs/mine --task detector --since runs/before
  simreal report runs/mine1 --seeds runs/mine2 runs/mine3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument("run", type=nonempty_path, metavar="RUN", help="folder of a run")
    parser.add_argument(
        "--task", help="which network; without it the only one, or of several the pose network"
    )
    parser.add_argument(
        "--since", type=nonempty_path, metavar="RUN",
        help="tell what changed since this one; without it since the last one in a folder beside",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", nargs="+", type=nonempty_path, default=[], metavar="RUN",
        help="runs like it with other seeds, for the spread",
    )  # fmt: skip
    parser.add_argument(
        "--html", type=output_file, metavar="FILE", help="the page; without it RUN/report.html"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, look, write the page; its path goes to stdout."""
    import torch  # noqa: F401  # missing, it is missed here

    from simreal_bench.experiments.training_record import read_run
    from simreal_bench.experiments.training_report import report_training, run_before
    from simreal_bench.experiments.training_report_page import training_report_page

    found = read_run(args.run, args.task)
    path = args.html or args.run / "report.html"
    check_writable(path)
    task = found.config.task
    earlier = run_before(found) if args.since is None else read_run(args.since, task)
    report = report_training(found, earlier, [read_run(folder, task) for folder in args.seeds])
    write_output(path, training_report_page(report))
    for name, value in report.figures.items():
        print(f"{name:20} {value}")
    print(path)
    return 0
