"""`simreal bench`: how fast it draws and sees, beside what others use; how well it stacks."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from simreal_cli.bench import bench_latency, bench_launches, bench_monitor, bench_stack
from simreal_cli.parsing.arguments import image_size, nonempty, output_file, positive
from simreal_common.errors import ConfigurationError, MissingDependencyError
from simreal_common.output_files import write_output
from simreal_perception.pose_estimation.calibration import MIN_SCORE

EPILOG = """\
examples:
  simreal bench render                         the ray caster beside PyBullet's TinyRenderer
  simreal bench render --device cuda --images 2048
  simreal bench estimate                       the estimator beside ArUco and a VGG-19 network
  simreal bench stack --seeds 1..100 --blocks 3 --jobs 2
  simreal bench stack --robot kuka
  simreal bench stack --obstacles 3            boxes and walls on the table, planned around
  simreal bench stack --faults all --seeds 1..10         with something going wrong in each
  simreal bench kills --runs 28                whole launches, each with a process killed or stopped
  simreal bench monitor                        faults of the camera, planted, and who finds them
  simreal bench latency                        from an image's stamp to its detections, in the node
  simreal bench soak --hours 8                 memory and handles of the cell at work
"""
# TinyRenderer takes a tenth of a second an image, and as long again to load a scene.
MOST_REFERENCE_IMAGES = 48

RENDER = """\
Draws fresh scenes, everything randomized, with the ray caster (scenes, drawing, sensor; on all
cores) and with PyBullet's TinyRenderer (one core, as it is made; loading the scene is not counted,
nor is any sensor), in turns. Prints images a second and `ratio: X`, medians of the rounds.
"""
ESTIMATE = """\
Times the estimator, OpenCV's ArUco detector and a belief-map network of DOPE's size in turns on
images with six blocks, or six markers. The network's weights are random: only its time is
compared, not what it sees. Prints milliseconds and `speedup over VGG-19 belief maps: X`.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    subjects = parser.add_subparsers(dest="subject", metavar="WHAT", title="what", required=True)
    render = subjects.add_parser("render", help="images a second", description=RENDER)
    render.add_argument("--images", type=positive, default=48, help="scenes a round (48)")
    render.add_argument("--rounds", type=positive, default=5, help="turns of each (5)")
    render.add_argument("--size", type=_size, default=(320, 240), metavar="WxH", help="(320x240)")
    render.add_argument("--threads", type=positive, help="of the ray caster (all cores)")
    render.add_argument(
        "--reference-images", type=positive, metavar="N",
        help="of a round's scenes, those that TinyRenderer draws too (all, at most 48)",
    )  # fmt: skip
    render.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(cpu)")
    estimate = subjects.add_parser("estimate", help="milliseconds", description=ESTIMATE)
    estimate.add_argument(
        "--model", type=nonempty, default="block", help="name of a model, or path of its card"
    )
    estimate.add_argument("--images", type=positive, default=8, help="different scenes (8)")
    estimate.add_argument("--rounds", type=positive, default=5, help="turns of each (5)")
    estimate.add_argument("--size", type=_size, default=(640, 480), metavar="WxH", help="(640x480)")
    estimate.add_argument("--blocks", type=positive, default=6, help="in view (6)")
    estimate.add_argument("--edge", type=float, metavar="M", help="of the blocks, metres; else any")
    estimate.add_argument("--threads", type=positive, default=2, help="of every candidate (2)")
    bench_stack.add_arguments(subjects)
    bench_latency.add_arguments(subjects)
    bench_launches.add_arguments(subjects)
    bench_monitor.add_arguments(subjects)
    for one in (render, estimate):
        one.add_argument("--seed", type=int, default=1, help="of the scenes (1)")
        one.add_argument(
            "--json", type=output_file, metavar="FILE", help="write the figures here too"
        )


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and the line that counts."""
    measure = {
        "render": _render, "estimate": _estimate, "stack": bench_stack.stack,
        "kills": bench_launches.kills, "soak": bench_launches.soak,
        "monitor": bench_monitor.monitor, "latency": bench_latency.latency,
    }[args.subject]  # fmt: skip
    result = measure(args)
    if args.json is not None:
        write_output(args.json, json.dumps(result, indent=2) + "\n")
    return 0


def _render(args: argparse.Namespace) -> dict[str, Any]:
    from tqdm import tqdm

    from simreal_bench.speed.render_bench import bench_render
    from simreal_bench.speed.timing import cores, machine, table

    threads = _checked_threads(args.threads)
    some = min(args.reference_images or MOST_REFERENCE_IMAGES, args.images)
    reference = _tiny_renderer()
    with tqdm(total=2 * args.rounds, unit="turn", file=sys.stderr) as bar:
        bench = bench_render(
            args.images, args.size, args.seed, threads, args.rounds, args.device,
            reference, some, bar.update,
        )  # fmt: skip
    width, height = args.size
    host = machine()
    print(
        f"{width}x{height} with shadows, everything randomized, seed {args.seed}; {args.rounds} "
        f"rounds of {args.images} scenes; {host['processor']}, {cores()} cores, load "
        f"{host['load_1min']}"
    )
    where = f"{threads} threads" if args.device == "cpu" else f"GPU, sensor on {threads} threads"
    lines = [(f"ray caster, {where}: from nothing to an image", "whole")]
    lines += [("  scenes and views", "scenes"), ("  drawing", "drawing"), ("  sensor", "sensor")]
    if reference is not None:
        title = f"TinyRenderer, 1 thread, drawing alone, {some} of the same scenes"
        lines.append((title, "reference"))
    rates = {part: bench.rate(part) for _, part in lines}
    print(table(("", "images/s", "ms"), [
        (title, f"{rates[part]:,.1f}", f"{1e3 / rates[part]:.3f}") for title, part in lines
    ]))  # fmt: skip
    ratio = bench.ratio
    if ratio is None:
        print("TinyRenderer: left out, PyBullet is not installed: pip install 'simreal[sim]'")
    else:
        print(f"ratio: {ratio:.1f}")
    return {
        "command": "simreal bench render", "seed": args.seed, "size": [width, height],
        "images": args.images, "rounds": args.rounds, "threads": threads, "device": args.device,
        "images_per_s": rates, "ratio": ratio, "machine": host,
    }  # fmt: skip


def _tiny_renderer() -> Any:
    """Times TinyRenderer; None without PyBullet."""
    try:
        from simreal_bench.speed.tiny_reference import tiny_seconds
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("pybullet", "pybullet_data"):
            raise
        return None
    except MissingDependencyError:
        return None
    return tiny_seconds


def _estimate(args: argparse.Namespace) -> dict[str, Any]:
    from tqdm import tqdm

    from simreal_bench.speed.bench_images import BLOCKS as MARKERS
    from simreal_bench.speed.estimate_bench import bench_estimate, rows
    from simreal_bench.speed.timing import cores, machine, table
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    estimator = BlockEstimator.load(args.model, args.threads)
    with tqdm(total=4 * args.rounds, unit="turn", file=sys.stderr) as bar:
        bench = bench_estimate(
            estimator, args.images, args.size, args.seed, args.threads, args.rounds, args.blocks,
            args.edge, bar.update,
        )  # fmt: skip
    width, height = args.size
    host = machine()
    print(
        f"{width}x{height}, {args.blocks} blocks (or {MARKERS} markers) in view, {args.images} "
        f"scenes, seed {args.seed}, {args.threads} threads; {host['processor']}, {cores()} cores, load "
        f"{host['load_1min']}"
    )
    lines = rows(bench)
    print(table(("milliseconds", "p50", "p95", "best"), [
        (title, *("-" if t is None else f"{1e3 * v:.2f}" for v in _values(t)))
        for _, title, t in lines
    ]))  # fmt: skip
    print(
        f"found {bench.found:.1f} of {args.blocks} blocks (score {MIN_SCORE:g} and more), "
        f"{bench.markers:.1f} of {MARKERS} markers, on average"
    )
    beliefs = bench.beliefs
    if beliefs is None or bench.speedup is None:
        print("VGG-19 belief maps: left out, torch is not installed: pip install 'simreal[train]'")
    else:
        print(
            f"VGG-19 belief maps: {beliefs.parameters / 1e6:.1f} million parameters, "
            f"{beliefs.operations / 1e9:.0f} GFLOP an image of {beliefs.width}x{beliefs.height}, "
            "as DOPE scales it; weights random, only time is compared; without reading the maps"
        )
        print(f"speedup over VGG-19 belief maps: {bench.speedup:.1f}")
    return {
        "command": "simreal bench estimate", "model": args.model, "seed": args.seed,
        "size": [width, height], "blocks": args.blocks, "edge": args.edge, "images": args.images,
        "rounds": args.rounds, "threads": args.threads,
        "milliseconds": {
            name: dict(zip(("p50", "p95", "best"), [1e3 * v for v in _values(t)]))
            for name, _, t in lines if t is not None
        },
        "found": bench.found, "candidates": bench.candidates, "markers": bench.markers,
        "belief_maps": None if beliefs is None else {
            "parameters": beliefs.parameters, "flop": beliefs.operations,
            "input": [beliefs.width, beliefs.height],
        },
        "speedup": bench.speedup, "machine": host,
    }  # fmt: skip


def _values(timing: Any) -> tuple[float, float, float]:
    return (0.0, 0.0, 0.0) if timing is None else (timing.p50, timing.p95, timing.best)


def _size(text: str) -> tuple[int, int]:
    """Width and height as 320x240, for argparse's `type`."""
    size = image_size(text)
    if not all(64 <= side <= 4096 for side in size):
        raise argparse.ArgumentTypeError(f"got '{text}', wanted 64 to 4096 pixels a side")
    return size


def _checked_threads(wanted: int | None) -> int:
    """Threads of the ray caster.

    Raises:
        ConfigurationError: more than there are.
    """
    import numba

    most = int(numba.config.NUMBA_NUM_THREADS)
    if wanted is not None and wanted > most:
        raise ConfigurationError(
            f"--threads {wanted}: wanted at most {most}, the cores of this machine (or what "
            "NUMBA_NUM_THREADS says)"
        )
    return wanted or most
