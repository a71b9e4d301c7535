"""`simreal bench latency`: from an image's stamp to its detections, in the running node."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from simreal_cli.parsing.arguments import output_file, output_folder
from simreal_common.errors import ConfigurationError

LATENCY = """\
Starts perception_node, shows it images of a resting camera before which an arm and blocks move
(640x480, drawn and noisy), and times each from its stamp to its detections. Prints percentiles, how
many images were answered (the newest wins, none waits), and the node's memory and share of a core. With
--seconds 1800 it tells whether memory grows.
"""


def add_arguments(subjects: Any) -> None:
    """Declare the options; `subjects` are those of `simreal bench`."""
    latency = subjects.add_parser(
        "latency", help="from an image to its detections", description=LATENCY
    )
    latency.add_argument("--seconds", type=float, default=60.0, metavar="S", help="(60)")
    latency.add_argument("--rate", type=float, default=30.0, metavar="HZ", help="of images (30)")
    latency.add_argument("--seed", type=int, default=1, help="of scene and noise (1)")
    latency.add_argument(
        "--parameter", action="append", default=[], metavar="NAME:=VALUE",
        help="of perception_node, like tracking:=false; may be given several times",
    )  # fmt: skip
    latency.add_argument(
        "--domain", type=int, default=91, metavar="N",
        help="ROS_DOMAIN_ID that nobody else on this machine uses (91)",
    )  # fmt: skip
    latency.add_argument(
        "--out", type=output_folder, metavar="FOLDER", help="of log.txt (out/bench_latency)"
    )
    latency.add_argument(
        "--json", type=output_file, metavar="FILE", help="write the figures here too"
    )


def latency(args: argparse.Namespace) -> dict[str, Any]:
    """Run, print the table, return the figures."""
    from tqdm import tqdm

    from simreal_bench.endurance.ros_latency_bench import bench_latency
    from simreal_bench.speed.timing import cores, machine

    if not 1.0 <= args.seconds <= 1e6 or not 0.1 <= args.rate <= 1000.0:
        raise ConfigurationError(
            f"--seconds {args.seconds:g}, --rate {args.rate:g}: wanted at least one second, and 0.1 "
            "to 1000 images a second"
        )
    for word in args.parameter:
        if ":=" not in word:
            raise ConfigurationError(f"--parameter {word}: wanted NAME:=VALUE")
    folder = args.out or Path("out/bench_latency")
    folder.mkdir(parents=True, exist_ok=True)
    host = machine()
    with tqdm(total=round(args.seconds), unit="s", file=sys.stderr) as bar:
        found = bench_latency(
            folder / "log.txt", args.seconds, args.rate, args.seed, args.domain, args.parameter,
            bar.update,
        )  # fmt: skip
    percentiles = {f"p{p}": round(found.percentile_ms(p), 2) for p in (50, 90, 99, 100)}
    answered = len(found.latencies_s)
    print(
        f"perception_node, 640x480 at {args.rate:g} Hz, seed {args.seed}; {host['processor']}, "
        f"{cores()} cores, load {host['load_1min']}"
    )
    print(
        "latency (ms): "
        + ", ".join(f"{name.replace('p100', 'most')} {ms:.1f}" for name, ms in percentiles.items())
    )
    print(
        f"answered {answered} of {found.sent} images, {found.found:.1f} blocks in each; "
        f"{found.core_share:.0%} of a core"
    )
    print(
        f"memory {found.memory_mib[-1]:.1f} MiB, {found.memory_growth:+.1%} since the first tenth of "
        f"{args.seconds:g} s"
    )
    return {
        "command": "simreal bench latency", "seed": args.seed, "rate": args.rate,
        "seconds": args.seconds, "parameters": args.parameter, "latency_ms": percentiles,
        "sent": found.sent, "answered": answered, "blocks": found.found,
        "core_share": found.core_share, "memory_mib": found.memory_mib.tolist(),
        "memory_growth": found.memory_growth, "machine": host,
    }  # fmt: skip
