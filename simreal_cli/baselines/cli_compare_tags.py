"""`simreal compare-tags`: the estimator beside printed tags on the same frames."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from simreal_cli.parsing.arguments import nonempty, output_file, positive, probability
from simreal_common.output_files import write_output
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.tags.tag_layout import DEFAULT_DICTIONARY, DICTIONARIES

EPILOG = """\
Blocks of 50 mm in randomized scenes, 0.3 to 1.5 m away, with a printed tag on each face. The network
and OpenCV's detector look at the same images in turns, with one thread each; the network also at the
same scenes with the blocks as they look without tags.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--model", type=nonempty, default="block", help="installed model, or path of its files"
    )
    parser.add_argument(
        "--frames",
        type=positive,
        default=500,
        metavar="N",
        help="that both methods see (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the scenes (%(default)s)")
    parser.add_argument(
        "--dictionary",
        choices=DICTIONARIES,
        default=DEFAULT_DICTIONARY,
        metavar="NAME",
        help=f"of the tags: {', '.join(DICTIONARIES)} (%(default)s)",
    )
    parser.add_argument(
        "--min-score",
        type=probability,
        default=MIN_SCORE,
        help="estimates of the network that are less probably of a block do not count (%(default)s)",
    )
    parser.add_argument("--json", type=output_file, metavar="OUT.json", help="the whole table")
    parser.add_argument(
        "--plot", type=output_file, metavar="OUT.png", help="both over each condition"
    )
    parser.add_argument(
        "--frame", type=output_file, metavar="OUT.png", help="write the first frame"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table; write what was asked for."""
    import cv2
    from tqdm import tqdm

    from simreal_bench.tags.tag_comparison import compare_tags
    from simreal_bench.tags.tag_plot import draw_comparison
    from simreal_bench.tags.tagged_scenes import TaggedScenes
    from simreal_perception.pose_estimation.estimator import BlockEstimator
    from simreal_perception.tags.tag_estimator import TagEstimator
    from simreal_perception.tags.tag_layout import TagLayout
    from simreal_perception.video.image_io import check_drawable, write_image

    for path in (args.plot, args.frame):
        if path:
            check_drawable(path)
    cv2.setNumThreads(1)
    layout = TagLayout(args.dictionary)
    scenes = TaggedScenes(args.seed, layout)
    network = BlockEstimator.load(args.model, threads=1)
    if args.frame:
        write_image(args.frame, scenes.draw(0).image)
    with tqdm(total=args.frames, unit="frame") as bar:
        comparison = compare_tags(
            scenes,
            args.frames,
            network,
            TagEstimator(layout),
            args.min_score,
            lambda: bar.update(1),
        )
    table = comparison.table()
    print("\n".join(_lines(table)))
    if args.json:
        content = {
            "command": f"simreal compare-tags --frames {args.frames} --seed {args.seed} --dictionary "
            f"{args.dictionary} --min-score {args.min_score:g}",
            "model": args.model,
            **table,
        }
        write_output(args.json, json.dumps(content, indent=1) + "\n")
    if args.plot:
        draw_comparison(args.plot, table)
    return 0


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{table['frames']} frames; errors are medians of what is found. n: network, blocks as they "
        "are; nt: network, blocks with tags; t: tags"
    )
    names = [f"{measure} {m}" for measure in ("recall", "mm", "degrees") for m in ("n", "nt", "t")]
    yield f"{'':34}{'blocks':>7}" + "".join(f"{name:>11}" for name in names)
    overall, shared = table["overall"], table["found_by_all"]
    yield _line("all", overall["tags"]["blocks"], overall)
    yield _line("found by all", shared["tags"]["blocks"], shared)
    for name, rows in table["by_condition"].items():
        for row in rows:
            label = f"{name} {row['low']:g} to {row['high']:g} {row['unit']}"
            yield _line(label, row["blocks"], row)
    for name, told in overall.items():
        yield (
            f"{name}: precision {_number(told['precision'], 3)}, {_number(told['ms_p50'], 1)} ms of "
            f"processor time a frame (median), {_number(told['ms_p95'], 1)} (95 %)"
        )


def _line(label: str, blocks: int, row: Mapping[str, Any]) -> str:
    cells = "".join(
        f"{_number(row[name][key], digits):>11}"
        for key, digits in (("recall", 3), ("position_median_mm", 1), ("rotation_median_deg", 2))
        for name in ("network", "network_on_tags", "tags")
    )
    return f"{label:34}{blocks:>7}{cells}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
