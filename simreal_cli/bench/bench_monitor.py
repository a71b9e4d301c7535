"""`simreal bench monitor`: how soon planted faults are found, and what is imagined."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from simreal_cli.parsing.arguments import nonempty, output_file

DESCRIPTION = """\
Plants faults of camera, light and network into images of synthetic scenes in which an arm and a block
move, with the noise of pixels and the flicker of a lamp, and tells how long the monitor takes to find
each; then lets it watch scenes in which nothing is wrong, and counts what it imagines.
"""
RATES = (15.0, 30.0)


def add_arguments(subjects: Any) -> None:
    """Declare the options."""
    one = subjects.add_parser("monitor", help="faults found in time", description=DESCRIPTION)
    one.add_argument(
        "--model", type=nonempty, default="block", help="name of a model, or path of its card"
    )
    one.add_argument("--scenes", type=int, default=8, help="with faults; 0: none (8)")
    one.add_argument("--minutes", type=float, default=10.0, help="without any, in all (10)")
    one.add_argument(
        "--ordinary", type=int, default=3, metavar="N", help="scenes of these minutes; 0: none (3)"
    )
    one.add_argument("--seed", type=int, default=1, help="of the first scene (1)")
    one.add_argument("--json", type=output_file, metavar="FILE", help="write the figures here too")


def monitor(args: argparse.Namespace) -> dict[str, Any]:
    """Measure, print the tables."""
    from tqdm import tqdm

    from simreal_bench.image_faults.monitor_bench import plant, progress, summary, watch_ordinary
    from simreal_bench.image_faults.planted_faults import FAULTS
    from simreal_bench.speed.timing import machine, table
    from simreal_perception.model_files.model_card import load_model_card
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    card = load_model_card(args.model)
    estimator = BlockEstimator.load(args.model, threads=1)
    seeds = range(args.seed, args.seed + args.scenes)
    with tqdm(total=len(seeds) * len(RATES) * len(FAULTS), unit="fault", file=sys.stderr) as bar:
        trials = progress(plant(card, estimator, seeds, RATES), bar.update)
    rows = []
    for name, count, in_time, named, times in summary(trials):
        median = f"{times[len(times) // 2]:.2f}" if times else "-"
        longest = f"{times[-1]:.2f}" if times else "-"
        rows.append(
            (FAULTS[name].title, FAULTS[name].checks[0], f"{in_time}/{count}", f"{named}/{count}",
             median, longest)
        )  # fmt: skip
    print(table(("fault", "check", "within 2 s", "by that check", "median s", "longest s"), rows))
    before = sum(bool(trial.false) for trial in trials)
    print(f"alarms before the fault: in {before} of {len(trials)} trials")
    runs = []
    for number in tqdm(range(args.ordinary), unit="scene", file=sys.stderr):
        seconds = 60.0 * args.minutes / args.ordinary
        run = watch_ordinary(card, estimator, args.seed + 1000 + number, RATES[0], seconds)
        runs.append(run)
        alarms = [f"{event.time:.1f} s {event.name}" for event in run.events if event.bad]
        print(
            f"ordinary scene {run.seed}: {run.images} images, false alarms: "
            f"{', '.join(alarms) or 'none'}; {run.mean_ms:.2f} ms of the processor an image, median "
            f"{run.median_ms:.2f}, p99 {run.p99_ms:.2f}"
        )
    return {
        "command": "simreal bench monitor", "seed": args.seed, "scenes": args.scenes,
        "trials": [asdict(trial) for trial in trials],
        "ordinary": [asdict(run) for run in runs], "machine": machine(),
    }  # fmt: skip
