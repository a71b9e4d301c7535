"""`simreal <verb>`: the jobs that need no ROS.

A verb is a module that offers `add_arguments(parser)` and `run(args) -> int`; it is imported only
when it is asked for, so that `simreal estimate` does not load what training needs.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from simreal_cli.parsing.arguments import check_outputs
from simreal_common.errors import SimrealError
from simreal_common.output_streams import write_any_text

EXIT_USER_ERROR = 2


@dataclass(frozen=True)
class Verb:
    """One job of the command line."""

    module: str
    summary: str
    examples: str


VERBS = {
    "estimate": Verb(
        "simreal_cli.cli_estimate",
        "find blocks in one image of a calibrated camera",
        "  simreal estimate photo.png --camera camera.yaml --edge 0.05\n"
        "  simreal estimate photo.png --camera camera.yaml --edge 0.05 --draw found.png",
    ),
    "fit-plane": Verb(
        "simreal_cli.cli_fit_plane",
        "find the plane that blocks stand on from images of them",
        "  simreal fit-plane photo1.png photo2.png --camera camera.yaml --edge 0.05",
    ),
    "pictures": Verb(
        "simreal_cli.cli_pictures",
        "write randomized pictures with labels as files",
        "  simreal pictures 1000 --out data/mine\n"
        "  simreal pictures 1000 --out data/for_others --format coco",
    ),
    "inspect": Verb(
        "simreal_cli.cli_inspect",
        "look at pictures and their labels before anything learns from them",
        "  simreal inspect data/mine --photos my_photographs",
    ),
    "train": Verb(
        "simreal_cli.cli_train",
        "train the network on randomized synthetic images",
        "  simreal train --help",
    ),
    "export": Verb(
        "simreal_cli.cli_export",
        "write a trained network as ONNX model with its card",
        "  simreal export runs/mine models/mine",
    ),
    "sweep": Verb(
        "simreal_cli.experiments.cli_sweep",
        "search for good settings of training",
        "  simreal sweep --task pose --trials 30",
    ),
    "report": Verb(
        "simreal_cli.experiments.cli_report",
        "write the page of a run of training: curves, images, worst cases, what changed",
        "  simreal report runs/mine",
    ),
    "compare": Verb(
        "simreal_cli.experiments.cli_compare",
        "what differs between runs of training, and is it more than seeds make?",
        "  simreal compare runs/plain runs/wider",
    ),
    "ablate": Verb(
        "simreal_cli.experiments.cli_ablate",
        "what is each part of the randomization worth? runs without one at a time",
        "  simreal ablate --photos my_photographs",
    ),
    "calibrate": Verb(
        "simreal_cli.cli_calibrate",
        "calibrate a camera, or where it is at an arm, from pictures of a board",
        "  simreal calibrate board --out board.pdf\n"
        "  simreal calibrate camera photos/ --out camera.yaml",
    ),
    "calibrate-model": Verb(
        "simreal_cli.cli_calibrate_model",
        "fit a model's scores and covariances again on fresh scenes",
        "  simreal calibrate-model block --scenes 1000",
    ),
    "watch": Verb(
        "simreal_cli.watch.cli_watch",
        "is a camera still what the model knows? the report of a recording or a folder",
        "  simreal watch my_bag\n  simreal watch photos/ --html out/watch.html",
    ),
    "watch-reference": Verb(
        "simreal_cli.watch.cli_watch_reference",
        "write into a model's card what `watch` compares with",
        "  simreal watch-reference block",
    ),
    "evaluate": Verb(
        "simreal_cli.cli_evaluate",
        "measure a model against images whose truth is known",
        "  simreal evaluate --help",
    ),
    "bench": Verb(
        "simreal_cli.cli_bench",
        "how fast it draws and sees, beside what others use; how well it stacks",
        "  simreal bench render\n  simreal bench stack --seeds 1..100",
    ),
    "compare-tags": Verb(
        "simreal_cli.baselines.cli_compare_tags",
        "the estimator beside printed tags (AprilTag, ArUco) on the same frames",
        "  simreal compare-tags --frames 500 --json tags.json --plot tags.png",
    ),
    "check-robot": Verb(
        "simreal_cli.robot.cli_check_robot",
        "does a robot fit its YAML? what lacks and what mends it, without moving",
        "  simreal check-robot my_arm.yaml --urdf my_arm.urdf\n"
        "  simreal check-robot my_arm.yaml --live",
    ),
    "explain": Verb(
        "simreal_cli.cli_explain",
        "write the report of a recorded run, with images",
        "  simreal explain out/demo",
    ),
    "parameters": Verb(
        "simreal_cli.robot.cli_parameters",
        "the parameters of the nodes, as a table",
        "  simreal parameters\n  simreal parameters perception_node",
    ),
}

# Libraries that only some verbs need, and the extra of simreal that brings them.
OPTIONAL = {
    "torch": "train", "numba": "train", "onnx": "train", "pybullet": "sim", "pybullet_data": "sim",
    "pinocchio": "control", "pink": "control",
    "pycocotools": "datasets", "optuna": "sweep", "wandb": "trackers", "mlflow": "trackers",
    "ray": "cluster",
}  # fmt: skip

DESCRIPTION = """\
Blocks seen by a network that was trained in simulation, stacked by a robot arm.

The main job is a launch file:
  ros2 launch simreal simulation.launch.xml seed:=1 blocks:=3 out:=out/demo
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage in front of it."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(EXIT_USER_ERROR, f"error: {message}; {self.prog} --help shows what is wanted\n")


def available_verbs() -> dict[str, Verb]:
    """The verbs whose module is there."""
    return {name: verb for name, verb in VERBS.items() if importlib.util.find_spec(verb.module)}


def main(args: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        Exit code: that of the verb, or 2 for an error that the user can mend.
    """
    write_any_text()
    given = list(sys.argv[1:] if args is None else args)
    verbs = available_verbs()
    parser = _build_parser(verbs, given)
    try:
        options = parser.parse_args(given)
        if options.verb is None:
            parser.print_help()
            return 0
        check_outputs(options)
        module = importlib.import_module(verbs[options.verb].module)
        return int(module.run(options))
    except SimrealError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_USER_ERROR
    except ModuleNotFoundError as error:
        extra = OPTIONAL.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        print(
            f"error: this needs {error.name}, which is not installed; wanted the extra '{extra}': "
            f"pip install 'simreal[{extra}]' (in the repository: make .venv/.tests)",
            file=sys.stderr,
        )
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _build_parser(verbs: dict[str, Verb], given: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="simreal",
        description=DESCRIPTION,
        epilog="examples:\n" + "\n".join(verb.examples for verb in verbs.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = importlib.metadata.version("simreal")
    parser.add_argument("--version", action="version", version=f"simreal {version}")
    actions = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, verb in verbs.items():
        verb_parser = actions.add_parser(
            name,
            help=verb.summary,
            description=verb.summary,
            epilog=f"examples:\n{verb.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in given:
            module = importlib.import_module(verb.module)
            module.add_arguments(verb_parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
