"""`simreal evaluate`: measure a model on images whose truth is known."""

from __future__ import annotations

import argparse
import json
import math
from typing import TYPE_CHECKING, Any

from simreal_cli.compilation import tell_of_compilation
from simreal_cli.parsing.arguments import (
    nonempty,
    nonempty_path,
    output_file,
    positive,
    probability,
)
from simreal_cli.parsing.shapes import shape_of_model
from simreal_common.errors import ConfigurationError
from simreal_common.output_files import check_writable, write_output
from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.pose_estimation.calibration import MIN_SCORE

if TYPE_CHECKING:
    from simreal_perception.evaluation.evaluation_data import ExampleSource
    from simreal_perception.evaluation.evaluation_plane import PlaneKnowledge

RENDERERS = ("raycaster", "tiny", "egl")
EPILOG = """\
examples:
  simreal evaluate --scenes 2000 --jobs 2      fresh synthetic scenes, blocks at 0.5 to 1.1 m
  simreal evaluate --scenes 500 --renderer tiny --sheet worst.png --reliability trust.png
                                               the same scenes, drawn by PyBullet
  simreal evaluate --scenes 1000 --split overhead
                                               small blocks seen from above
  simreal evaluate --world 100 --json all.json the cell that the demo runs in
  simreal evaluate --world 100 --plane-sigma 0.002
                                               the table's plane is known to 2 mm
  simreal evaluate --photos FOLDER             photographs with poses (index.json), or in groups
                                               with a label beside each (GROUP/NAME.json), or BOP's
                                               scene folders
  simreal evaluate --bag FOLDER --poses FILE.json --edge 0.084
                                               a recorded camera with the pose of each frame
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--model", type=nonempty, default="block", help="installed model, or path of its files"
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--scenes", type=positive, metavar="N", help="N fresh synthetic scenes")
    source.add_argument(
        "--world",
        type=positive,
        metavar="N",
        help="N scenes of the simulated cell, drawn by PyBullet",
    )
    source.add_argument(
        "--photos",
        type=nonempty_path,
        metavar="FOLDER",
        help="photographs with poses, with labels, or BOP's scenes",
    )
    source.add_argument(
        "--bag", type=nonempty_path, metavar="FOLDER", help="rosbag2; wants --poses, --edge"
    )
    parser.add_argument(
        "--renderer", choices=RENDERERS, default="raycaster", help="of --scenes (%(default)s)"
    )
    parser.add_argument(
        "--split",
        metavar="NAME",
        help="kind of --scenes: everything (the default), overhead, crowded, face-on, held, trained",
    )
    parser.add_argument(
        "--shape",
        type=nonempty_path,
        metavar="FILE",
        help="YAML of what the blocks of --scenes are; without it what the model's card says",
    )
    parser.add_argument(
        "--ranges",
        type=nonempty_path,
        metavar="FILE",
        help="YAML of randomization for --scenes, edges and distances included; without it blocks "
        "of 50 mm at 0.5 to 1.1 m, the rest as in config/randomization.yaml",
    )
    parser.add_argument(
        "--poses", type=nonempty_path, metavar="FILE", help="JSON, true poses of --bag"
    )
    parser.add_argument(
        "--edge", type=float, metavar="M", help="edge of the block of --bag, metres"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="GROUP",
        help="of the groups (BOP: splits, scenes) of --photos, these",
    )
    parser.add_argument("--topic", help="images of --bag, where it has several")
    parser.add_argument("--seed", type=int, default=1, help="of --scenes and --world (%(default)s)")
    parser.add_argument(
        "--min-score",
        type=probability,
        default=MIN_SCORE,
        metavar="0..1",
        help="estimates that are less probably of a block do not count (%(default)s)",
    )
    parser.add_argument(
        "--plane-sigma",
        type=float,
        metavar="M",
        help="tell the estimator the plane that the blocks stand on, where the truth has one, and that "
        "it is known so well",
    )
    parser.add_argument(
        "--plane-noise",
        metavar="M,DEG",
        help="standard deviations by which that plane is off: height, metres, and tilt (0,0)",
    )
    parser.add_argument(
        "--jobs", type=positive, default=1, metavar="J", help="processes to share the work among"
    )
    parser.add_argument(
        "--json", type=output_file, metavar="OUT.json", help="all figures, every block"
    )
    parser.add_argument(
        "--html", type=output_file, metavar="OUT.html", help="tables and plots as a page"
    )
    parser.add_argument("--sheet", type=output_file, metavar="OUT.png", help="draw the worst cases")
    parser.add_argument(
        "--reliability",
        type=output_file,
        metavar="OUT.png",
        help="plot scores against the share of them that are of a block",
    )
    parser.add_argument(
        "--write-card",
        action="store_true",
        help="write the figures into the model's card, and count a look at real images there",
    )


def run(args: argparse.Namespace) -> int:
    """Print the tables; write what was asked for."""
    from tqdm import tqdm

    from simreal_perception.evaluation.evaluation_report import report, text_report
    from simreal_perception.evaluation.evaluation_run import evaluate
    from simreal_perception.model_files.model_card import load_model_card
    from simreal_perception.pose_estimation.estimator import BlockEstimator
    from simreal_perception.video.image_io import check_drawable, write_image

    if args.scenes:
        tell_of_compilation()
    knowledge = _plane_knowledge(args)
    shape = shape_of_model(args.model, args.shape)
    if not shape.is_cube and not args.scenes:
        raise ConfigurationError(
            f"model {args.model} finds a {shape.words}: such are in --scenes N alone; give that"
        )
    source = _source(args, shape)
    if args.write_card:
        check_writable(load_model_card(args.model).path)
    for path in (args.sheet, args.reliability):
        if path:
            check_drawable(path)
    with tqdm(total=source.count, unit="img") as bar:
        outcome = evaluate(args.model, source, args.jobs, progress=bar.update, knowledge=knowledge)
    figures = report(outcome, args.min_score)
    command = _command(args)
    title = f"model {args.model}, {source.name}"
    print(text_report(figures, title))
    if args.json:
        content = {"command": command, "model": args.model, "source": source.name, **figures}
        write_output(args.json, json.dumps(content, indent=1) + "\n")
    if args.html:
        from simreal_perception.evaluation.evaluation_page import evaluation_page

        write_output(args.html, evaluation_page(figures, title, command))
    if args.sheet:
        from simreal_perception.evaluation.evaluation_sheet import draw_sheet, worst_cases

        estimator = BlockEstimator.load(args.model)
        cases = worst_cases(outcome, args.min_score)
        sheet = draw_sheet(estimator, source, cases, args.min_score, knowledge)
        write_image(args.sheet, sheet)
    if args.reliability:
        from simreal_perception.evaluation.reliability import draw_reliability, reliability_bins

        bins = reliability_bins(*outcome.evaluation.promises)
        write_image(args.reliability, draw_reliability(bins, source.name))
    if args.write_card:
        from simreal_perception.evaluation.evaluation_card import write_figures

        real = (args.photos or args.bag).name if args.photos or args.bag else None
        write_figures(load_model_card(args.model), command, figures, real)
    return 0


def _source(args: argparse.Namespace, shape: Shape = CUBE) -> ExampleSource:
    """Where the examples come from; options that do not belong together are refused."""
    if args.only and not args.photos:
        raise ConfigurationError("--only belongs to --photos; leave it out, or give --photos")
    if args.bag:
        from simreal_perception.evaluation.ros_bag import BagSource

        if args.poses is None or args.edge is None:
            raise ConfigurationError(
                "--bag lacks --poses or --edge: wanted the JSON file with the pose of each frame, "
                "and the edge of the block in metres"
            )
        return BagSource(args.bag, args.poses, args.edge, args.topic)
    given = [name for name in ("poses", "edge", "topic") if getattr(args, name) is not None]
    if given:
        raise ConfigurationError(f"--{given[0]} belongs to --bag; leave it out, or give --bag")
    if args.renderer != "raycaster" and not args.scenes:
        raise ConfigurationError(
            f"--renderer {args.renderer} draws --scenes; leave it out, or give --scenes N"
        )
    if args.split and not args.scenes:
        raise ConfigurationError("--split is of --scenes; leave it out, or give --scenes N")
    if args.ranges and not args.scenes:
        raise ConfigurationError("--ranges is of --scenes; leave it out, or give --scenes N")
    if args.photos:
        from simreal_perception.evaluation.labelled_photographs import photograph_source

        return photograph_source(args.photos, args.only or ())
    if args.world:
        from simreal_perception.evaluation.evaluation_data import WorldSource

        return WorldSource(args.world, args.seed)
    from simreal_perception.evaluation.evaluation_scenes import SceneSource

    return SceneSource(args.scenes, args.seed, args.renderer, args.ranges, args.split or "", shape)


def _plane_knowledge(args: argparse.Namespace) -> PlaneKnowledge | None:
    """What the estimator is told of the plane; None: nothing."""
    if args.plane_sigma is None:
        if args.plane_noise is not None:
            raise ConfigurationError(
                "--plane-noise disturbs the plane that --plane-sigma tells; leave it out, or give "
                "--plane-sigma M"
            )
        return None
    from simreal_perception.evaluation.evaluation_plane import PlaneKnowledge

    if args.bag:
        raise ConfigurationError("--plane-sigma: nobody knows the plane of --bag; leave it out")
    if not 0 < args.plane_sigma < float("inf"):
        raise ConfigurationError(
            f"--plane-sigma: got {args.plane_sigma:g}, wanted metres above 0, for example 0.002"
        )
    try:
        noise_m, degrees = (float(part) for part in (args.plane_noise or "0,0").split(","))
        if not (0 <= noise_m < 1 and 0 <= degrees < 45):
            raise ValueError
    except ValueError as error:
        raise ConfigurationError(
            f"--plane-noise: got '{args.plane_noise}', wanted metres from 0 to 1 and degrees from 0 "
            "to 45, for example 0.002,0.5"
        ) from error
    return PlaneKnowledge(args.plane_sigma, noise_m, math.radians(degrees), args.seed)


def _command(args: argparse.Namespace) -> str:
    """The command that gives the same figures again; of folders only the names."""
    parts: list[Any] = ["simreal evaluate"]
    if args.scenes:
        parts += ["--scenes", args.scenes]
        parts += [] if args.renderer == "raycaster" else ["--renderer", args.renderer]
        parts += ["--split", args.split] if args.split else []
        parts += ["--ranges", args.ranges.name] if args.ranges else []
        parts += ["--shape", args.shape.name] if args.shape else []
    elif args.world:
        parts += ["--world", args.world]
    elif args.photos:
        parts += ["--photos", args.photos.name, *(["--only", *args.only] if args.only else [])]
    else:
        parts += ["--bag", args.bag.name, "--poses", args.poses.name, "--edge", args.edge]
    if args.scenes or args.world:
        parts += ["--seed", args.seed]
    if args.plane_sigma is not None:
        parts += ["--plane-sigma", f"{args.plane_sigma:g}"]
    if args.plane_noise is not None:
        parts += ["--plane-noise", args.plane_noise]
    return " ".join(map(str, [*parts, "--min-score", f"{args.min_score:g}"]))
