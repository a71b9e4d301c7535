"""`simreal bench`: how fast it draws and sees, beside what others use; how well it stacks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simreal_cli import cli_bench_launches
from simreal_cli.arguments import positive
from simreal_cli.watch import bench_monitor
from simreal_common.errors import ConfigurationError, MissingDependencyError
from simreal_common.output_files import write_whole
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_sim.physics.simulated_arm import PANDA, SIMULATED_ARMS

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

STACK = """\
Builds towers in simulated physics, all from the camera's images, scene and camera randomized by the
seed, faster than real time. Ends with a table; failures are listed by cause, with a film of what the
camera saw of each. `simreal explain FOLDER/seed_N` writes the report of a run. Stopped, it goes on when
the same command is given again.

With --faults one thing goes wrong in each run, when and where the seed says: a block is dropped on the
way (dropped), slips on the tower (slipped), the tower is pushed over (fell), a person moves or takes a
block (meddled) or brings one (appeared); detections or the camera's transform stop for five seconds
(detections, transform), an action is rejected, aborted or never ends (action), joint states stop
(joints), the node is killed and started again (restart). An action says that it has succeeded while its
motion goes on (early_success), joint states come without positions (empty_state) or without the fingers
(fingers_lost), there is no picture for 15 to 30 s (camera_lost), time goes back (clock_back). Recovered
is a run in which it came, and that ended with the tower (or, the last block taken or the fingers lost
for good, in words that say so), without a collision of the arm, a violated limit, a motion on data
older than its bound, or the hand moving while the arm did.
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
    estimate.add_argument("--model", default="block", help="name of a model, or path of its card")
    estimate.add_argument("--images", type=positive, default=8, help="different scenes (8)")
    estimate.add_argument("--rounds", type=positive, default=5, help="turns of each (5)")
    estimate.add_argument("--size", type=_size, default=(640, 480), metavar="WxH", help="(640x480)")
    estimate.add_argument("--blocks", type=positive, default=6, help="in view (6)")
    estimate.add_argument("--edge", type=float, metavar="M", help="of the blocks, metres; else any")
    estimate.add_argument("--threads", type=positive, default=2, help="of every candidate (2)")
    stack = subjects.add_parser("stack", help="towers that stand", description=STACK)
    stack.add_argument(
        "--seeds", type=_seeds, default=tuple(range(1, 11)), metavar="A..B", help="(1..10)"
    )
    stack.add_argument("--blocks", type=positive, default=3, help="of each tower (3)")
    stack.add_argument("--model", default="block", help="name of a model, or path of its card")
    stack.add_argument(
        "--speed", type=float, default=0.5, metavar="SHARE",
        help="of the arm's velocity limits (0.5)",
    )  # fmt: skip
    stack.add_argument("--robot", choices=tuple(SIMULATED_ARMS), default=PANDA.name, help="(panda)")
    stack.add_argument(
        "--faults", nargs="+", metavar="KIND", default=(), help="what goes wrong, or all (nothing)"
    )
    stack.add_argument(
        "--goal", metavar="YAML", default="",
        help="what else to build of the blocks, e.g. '{build: pyramid}', or a YAML file",
    )  # fmt: skip
    stack.add_argument(
        "--obstacles", type=positive, default=0, metavar="N",
        help="boxes and walls on the table, drawn by the seed where blocks can be reached (none); "
        "they are written to obstacles.yaml beside the record",
    )  # fmt: skip
    stack.add_argument("--jobs", type=positive, default=1, help="processes side by side (1)")
    stack.add_argument(
        "--out", type=Path, metavar="FOLDER",
        help="results and films (out/bench_stack_N, of another robot out/bench_stack_ROBOT_N, with "
        "faults out/bench_faults_N)",
    )  # fmt: skip
    stack.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    cli_bench_launches.add_arguments(subjects)
    bench_monitor.add_arguments(subjects)
    for one in (render, estimate):
        one.add_argument("--seed", type=int, default=1, help="of the scenes (1)")
        one.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and the line that counts."""
    measure = {
        "render": _render, "estimate": _estimate, "stack": _stack, "kills": cli_bench_launches.kills,
        "soak": cli_bench_launches.soak, "monitor": bench_monitor.monitor,
    }[args.subject]  # fmt: skip
    result = measure(args)
    if args.json is not None:
        try:
            write_whole(args.json, json.dumps(result, indent=2) + "\n")
        except OSError as error:
            raise ConfigurationError(f"cannot write {args.json}: {error.strerror}") from error
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
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(p.isdecimal() and 64 <= int(p) <= 4096 for p in parts):
        raise argparse.ArgumentTypeError(
            f"got '{text}', wanted width x height in pixels, 64 to 4096, as in 320x240"
        )
    return int(parts[0]), int(parts[1])


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


@contextmanager
def _progress(total: int, unit: str, done: Sequence[bool]) -> Iterator[Callable[[bool], None]]:
    """A bar that counts failures; takes whether each further run went well.

    Args:
        total: how many runs there shall be.
        done: whether those that are there already went well.
    """
    from tqdm import tqdm

    failed = sum(not well for well in done)
    with tqdm(total=total, initial=len(done), unit=unit, file=sys.stderr) as bar:

        def tell(well: bool) -> None:
            nonlocal failed
            failed += not well
            bar.set_postfix(failed=failed, refresh=False)
            bar.update()

        yield tell


def _stack(args: argparse.Namespace) -> dict[str, Any]:
    from simreal_bench.speed.timing import table
    from simreal_bench.stacking.stack_bench import StackBench, summary
    from simreal_control.task.goal import read_goal
    from simreal_sim.physics.world_randomization import MAX_BLOCKS

    if not 2 <= args.blocks <= MAX_BLOCKS:
        raise ConfigurationError(f"--blocks {args.blocks}: wanted a tower of 2 to {MAX_BLOCKS}")
    if args.faults and args.goal:
        raise ConfigurationError("--faults and --goal: got both, wanted one; faults go with towers")
    if args.faults and args.obstacles:
        raise ConfigurationError("--faults and --obstacles: got both, wanted one")
    if args.faults:
        return _faults(args)
    goal = read_goal(args.goal) if args.goal else None
    kind = "" if args.robot == PANDA.name else f"{args.robot}_"
    if goal is not None:
        kind += f"{goal.build.value.replace(' ', '_')}_"
    if args.obstacles:
        kind += f"obstacles_{args.obstacles}_"
    folder = args.out or Path(f"out/bench_stack_{kind}{args.blocks}")
    bench = StackBench(
        args.seeds, args.blocks, args.model, args.speed, folder, args.robot, args.goal,
        args.obstacles,
    )  # fmt: skip
    done = [result.success for result in bench.done()]
    with _progress(len(args.seeds), "tower", done) as tell:
        bench.run_missing(args.jobs, lambda result: tell(result.success))
    results = bench.done()
    figures = summary(results)
    rows = [
        (name.replace("_", " "), f"{value:.3g}" if isinstance(value, float) else str(value))
        for name, value in figures.items()
        if name not in ("causes", "failed_seeds") and value is not None
    ]
    what = f"towers of {args.blocks}" if goal is None else f"{goal.words}, {args.blocks} blocks"
    what += f", {args.obstacles} obstacles" * bool(args.obstacles)
    print(table((f"{what}, from images", ""), rows))
    for result in results:
        if not result.success:
            print(
                f"seed {result.seed}: {result.placed} of {result.blocks} placed; {result.cause}; "
                f"simreal explain {bench.record(result.seed)}"
            )
        for when, link, what in result.collisions:
            print(f"seed {result.seed}: {link} touched {what} after {when:.1f} s")
    return {
        "command": "simreal bench stack", "robot": args.robot, "blocks": args.blocks, **figures,
    }  # fmt: skip


def _faults(args: argparse.Namespace) -> dict[str, Any]:
    from simreal_bench.faults.kinds import KINDS
    from simreal_bench.speed.timing import table
    from simreal_bench.stacking.fault_bench import FaultBench
    from simreal_bench.stacking.fault_summary import fault_rows, fault_summary

    unknown = [kind for kind in args.faults if kind not in (*KINDS, "all")]
    if unknown:
        raise ConfigurationError(
            f"--faults {unknown[0]}: wanted all, or some of {', '.join(KINDS)}"
        )
    kinds = tuple(KINDS) if "all" in args.faults else tuple(dict.fromkeys(args.faults))
    kind = "" if args.robot == PANDA.name else f"{args.robot}_"
    folder = args.out or Path(f"out/bench_faults_{kind}{args.blocks}")
    bench = FaultBench(args.seeds, args.blocks, args.model, args.speed, folder, args.robot, kinds)
    done = [result.recovered for result in bench.done()]
    with _progress(len(bench.runs), "run", done) as tell:
        bench.run_missing(args.jobs, lambda result: tell(result.recovered))
    results = bench.done()
    figures = fault_summary(results)
    header = (f"towers of {args.blocks}, one fault each", "runs", "injected", "recovered", "share")
    print(table(header, fault_rows(figures)))
    for name in ("collisions", "limit_violations", "motions_on_old_data", "hand_moved_with_arm"):
        print(f"{name.replace('_', ' ')}: {figures[name]}")
    for result in sorted(results, key=lambda result: result.cause):
        if not result.recovered:
            film = bench.film((result.kind, result.stack.seed))
            print(
                f"{result.kind}, seed {result.stack.seed}: {result.cause}; "
                f"injected: {result.words or 'never'}; {film}"
            )
    return {
        "command": "simreal bench stack --faults", "robot": args.robot, "blocks": args.blocks,
        **figures,
    }  # fmt: skip


def _seeds(text: str) -> tuple[int, ...]:
    first, dots, last = text.partition("..")
    try:
        seeds = tuple(range(int(first), int(last if dots else first) + 1))
    except ValueError:
        seeds = ()
    if not seeds or seeds[0] < 0:
        raise argparse.ArgumentTypeError(f"got '{text}', wanted one seed or A..B, e.g. 1..100")
    return seeds
