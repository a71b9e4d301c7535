"""`simreal bench kills` and `soak`: whole launches that are disturbed, or run for hours."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simreal_cli.parsing.arguments import output_file, output_folder, positive
from simreal_common.errors import ConfigurationError
from simreal_sim.physics.world_randomization import MAX_BLOCKS

MOST_HOURS = 1000
KILLS = """\
Launches the simulation again and again, and at a random moment sends a random one of SIGKILL, SIGSTOP,
SIGTERM and SIGINT to a random one of its processes, launcher included. Right is: exit code 0 only
with a verdict of success, no process and no temporary file left over, no half file, no older
verdict. Prints a table; what a faulty run said and left lies in FOLDER/run_N. Stopped, it goes on
when the same command is given again.
"""
SOAK = """\
Launches the simulated cell and keeps the arm at work for hours, one goal after the other, while memory
(resident), handles and threads of all its processes are written to FOLDER/samples.csv. Prints how they
grow after the warm-up, the first quarter, and draws FOLDER/soak.png.
"""


def add_arguments(subjects: Any) -> None:
    """Declare the options; `subjects` are those of `simreal bench`."""
    kills = subjects.add_parser("kills", help="launches that are killed", description=KILLS)
    kills.add_argument("--runs", type=positive, default=28, metavar="N", help="(28)")
    kills.add_argument("--seed", type=int, default=1, help="of moments and order (1)")
    kills.add_argument(
        "--span", type=float, default=60.0, metavar="S",
        help="latest moment, seconds after the start (60)",
    )  # fmt: skip
    kills.add_argument("--out", type=output_folder, metavar="FOLDER", help="(out/bench_kills_SEED)")
    soak = subjects.add_parser("soak", help="memory and handles over hours", description=SOAK)
    soak.add_argument("--hours", type=float, default=8.0, metavar="H", help="real time (8)")
    soak.add_argument("--seed", type=int, default=1, help="of the scene (1)")
    soak.add_argument("--out", type=output_folder, metavar="FOLDER", help="new (out/bench_soak)")
    for one in (kills, soak):
        one.add_argument("--blocks", type=positive, default=3, help="of the tower (3)")
        one.add_argument(
            "--domain", type=int, default=90, metavar="N",
            help="ROS_DOMAIN_ID that nobody else on this machine uses (90)",
        )  # fmt: skip
        one.add_argument(
            "--json", type=output_file, metavar="FILE", help="write the figures here too"
        )


def kills(args: argparse.Namespace) -> dict[str, Any]:
    """Run, print the table, return the figures."""
    from tqdm import tqdm

    from simreal_bench.endurance.kill_bench import KillBench, kill_rows, kill_summary, run_kills
    from simreal_bench.endurance.kill_run import SIGNALS, KillResult
    from simreal_bench.speed.timing import table

    _check(args)
    folder = args.out or Path(f"out/bench_kills_{args.seed}")
    bench = KillBench(args.runs, args.seed, folder, args.blocks, args.span, args.domain)
    done = bench.done()
    faulty = sum(bool(result.faults) for result in done)
    with tqdm(total=args.runs, initial=len(done), unit="run", file=sys.stderr) as bar:

        def tell(result: KillResult) -> None:
            nonlocal faulty
            faulty += bool(result.faults)
            bar.set_postfix(faulty=faulty, refresh=False)
            bar.update()

        run_kills(bench, tell)
    results = bench.done()
    figures = kill_summary(results)
    print(table(("right of all, by process", *SIGNALS), kill_rows(figures)))
    print(
        f"{figures['runs'] - figures['faulty']} of {figures['runs']} right; {figures['over_before']} "
        f"were over before the signal; the slowest end took {figures['slowest_end_s']:.1f} s"
    )
    for result in results:
        if result.faults:
            kill = result.kill
            print(
                f"run {kill.number}, {kill.signal} to {kill.victim} after {result.sent_s} s: "
                f"{'; '.join(result.faults)}; {folder / f'run_{kill.number}'}"
            )
    return {"command": "simreal bench kills", "seed": args.seed, "blocks": args.blocks, **figures}


def soak(args: argparse.Namespace) -> dict[str, Any]:
    """Run, print the table, draw, return the figures."""
    from tqdm import tqdm

    from simreal_bench.endurance.soak import lasting, run_soak, trends
    from simreal_bench.endurance.soak_plot import draw_soak
    from simreal_bench.speed.timing import table

    _check(args)
    if not 0.0 < args.hours <= MOST_HOURS:
        raise ConfigurationError(f"--hours {args.hours:g}: wanted more than 0, up to {MOST_HOURS}")
    folder = (args.out or Path("out/bench_soak")).absolute()
    with tqdm(total=round(3600 * args.hours), unit="s", file=sys.stderr) as bar:
        result = run_soak(folder, args.hours, args.domain, args.blocks, args.seed, bar.update)
    found = trends(result.samples)
    header = ("process", "MiB first", "last", "MiB/h", "handles", "/h", "threads")
    print(table(header, [
        (
            t.process, f"{t.first_mib:.1f}", f"{t.last_mib:.1f}", f"{t.mib_per_hour:+.1f}",
            f"{t.handles[0]} to {t.handles[1]}", f"{t.handles_per_hour:+.1f}",
            f"{t.threads[0]} to {t.threads[1]}",
        )
        for t in found
    ]))  # fmt: skip
    draw_soak(folder / "soak.png", lasting(result.samples))
    print(
        f"{result.ended} goals ended, {result.built} of them built; {folder / 'soak.png'}, "
        f"{folder / 'samples.csv'}"
    )
    return {
        "command": "simreal bench soak", "hours": args.hours, "seed": args.seed,
        "blocks": args.blocks, "goals_ended": result.ended, "goals_built": result.built,
        "processes": [asdict(trend) for trend in found],
    }  # fmt: skip


def _check(args: argparse.Namespace) -> None:
    """Raise a ConfigurationError for what cannot be run."""
    if not 1 <= args.blocks <= MAX_BLOCKS:
        raise ConfigurationError(f"--blocks {args.blocks}: wanted 1 to {MAX_BLOCKS}")
    if not 0 <= args.domain <= 101:
        raise ConfigurationError(f"--domain {args.domain}: wanted 0 to 101, whose ports are free")
