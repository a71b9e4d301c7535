"""`simreal bench stack`: how well it stacks, and what happens when something goes wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simreal_cli.parsing.arguments import nonempty, output_file, output_folder, positive
from simreal_common.errors import ConfigurationError
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.arms.registry import SIMULATED_ARMS

STACK = """\
Builds towers in simulated physics, all from the camera's images, scene and camera randomized by the
seed, faster than real time. Ends with a table; failures are listed by cause, with a film of what the
camera saw of each. `simreal explain FOLDER/seed_N` writes the report of a run. Stopped, it goes on when
the same command is given again.

With --faults one thing goes wrong in each run, when and where the seed says: a block is dropped on the
way (dropped), slips on the tower (slipped), the tower is pushed over (fell), a person moves or takes a
block (meddled) or brings one (appeared), reaches into the way of the moving arm, which has depth images
(hand); detections or the camera's transform stop for five seconds
(detections, transform), an action is rejected, aborted or never ends (action), joint states stop
(joints), the node is killed and started again (restart). An action says that it has succeeded while its
motion goes on (early_success), joint states come without positions (empty_state) or without the fingers
(fingers_lost), there is no picture for 15 to 30 s (camera_lost), time goes back (clock_back). Recovered
is a run in which it came, and that ended with the tower (or, the last block taken or the fingers lost
for good, in words that say so), without a collision of the arm, a violated limit, a motion on data
older than its bound, or the hand moving while the arm did.
"""


def add_arguments(subjects: Any) -> None:
    """Declare the subject and its options."""
    stack = subjects.add_parser("stack", help="towers that stand", description=STACK)
    stack.add_argument(
        "--seeds", type=_seeds, default=tuple(range(1, 11)), metavar="A..B", help="(1..10)"
    )
    stack.add_argument("--blocks", type=positive, default=3, help="of each tower (3)")
    stack.add_argument(
        "--model", type=nonempty, default="block", help="name of a model, or path of its card"
    )
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
    stack.add_argument(
        "--unknown-obstacles", type=positive, default=0, metavar="N",
        help="so many that control is not told of: it has depth images of the fixed camera (none)",
    )  # fmt: skip
    stack.add_argument(
        "--camera", choices=("fixed", "wrist", "both"), default="fixed",
        help="opposite the arm, on its hand, which then looks from several places, or both (fixed)",
    )  # fmt: skip
    stack.add_argument("--jobs", type=positive, default=1, help="processes side by side (1)")
    stack.add_argument(
        "--out", type=output_folder, metavar="FOLDER",
        help="results and films (out/bench_stack_N, of another robot out/bench_stack_ROBOT_N, with "
        "faults out/bench_faults_N)",
    )  # fmt: skip
    stack.add_argument(
        "--json", type=output_file, metavar="FILE", help="write the figures here too"
    )


def stack(args: argparse.Namespace) -> dict[str, Any]:
    """Build the towers; prints the table, and gives the figures."""
    from simreal_bench.speed.timing import table
    from simreal_bench.stacking.stack_bench import StackBench, summary
    from simreal_control.task.task_planning.goal import read_goal
    from simreal_sim.physics.world_randomization import MAX_BLOCKS

    if not 2 <= args.blocks <= MAX_BLOCKS:
        raise ConfigurationError(f"--blocks {args.blocks}: wanted a tower of 2 to {MAX_BLOCKS}")
    if args.faults and args.goal:
        raise ConfigurationError("--faults and --goal: got both, wanted one; faults go with towers")
    if args.faults and args.obstacles:
        raise ConfigurationError("--faults and --obstacles: got both, wanted one")
    if args.faults and args.unknown_obstacles:
        raise ConfigurationError("--faults and --unknown-obstacles: got both, wanted one")
    if args.faults and args.camera != "fixed":
        raise ConfigurationError(
            f"--faults and --camera {args.camera}: got both, wanted the fixed camera with faults"
        )
    if args.faults:
        return _faults(args)
    goal = read_goal(args.goal) if args.goal else None
    kind = "" if args.robot == PANDA.name else f"{args.robot}_"
    if goal is not None:
        kind += f"{goal.build.value.replace(' ', '_')}_"
    if args.obstacles:
        kind += f"obstacles_{args.obstacles}_"
    if args.unknown_obstacles:
        kind += f"unknown_{args.unknown_obstacles}_"
    if args.camera != "fixed":
        kind += f"{args.camera}_"
    folder = args.out or Path(f"out/bench_stack_{kind}{args.blocks}")
    bench = StackBench(
        args.seeds, args.blocks, args.model, args.speed, folder, args.robot, args.goal,
        args.obstacles, args.camera, args.unknown_obstacles,
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
    what += f", {args.unknown_obstacles} unknown obstacles" * bool(args.unknown_obstacles)
    what += f", camera {args.camera}" * (args.camera != "fixed")
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
        "command": "simreal bench stack", "robot": args.robot, "blocks": args.blocks,
        "camera": args.camera, **figures,
    }  # fmt: skip


def _faults(args: argparse.Namespace) -> dict[str, Any]:
    from simreal_bench.speed.timing import table
    from simreal_bench.stacking.fault_bench import FaultBench
    from simreal_bench.stacking.fault_summary import fault_rows, fault_summary
    from simreal_bench.stacking_faults.registry import FAULTS

    unknown = [kind for kind in args.faults if kind not in (*FAULTS, "all")]
    if unknown:
        raise ConfigurationError(
            f"--faults {unknown[0]}: wanted all, or some of {', '.join(FAULTS)}"
        )
    kinds = tuple(FAULTS) if "all" in args.faults else tuple(dict.fromkeys(args.faults))
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


def _seeds(text: str) -> tuple[int, ...]:
    first, dots, last = text.partition("..")
    try:
        seeds = tuple(range(int(first), int(last if dots else first) + 1))
    except ValueError:
        seeds = ()
    if not seeds or seeds[0] < 0:
        raise argparse.ArgumentTypeError(f"got '{text}', wanted one seed or A..B, e.g. 1..100")
    return seeds
