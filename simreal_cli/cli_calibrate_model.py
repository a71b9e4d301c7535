"""`simreal calibrate-model`: fit a model's scores and covariances again, without training."""

from __future__ import annotations

import argparse

from simreal_cli.parsing.arguments import nonempty, nonempty_path, positive
from simreal_common.output_files import check_writable
from simreal_perception.model_export.calibrate import SCENES, SEED, calibrate_model
from simreal_perception.model_files.model_card import load_model_card


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "model", type=nonempty, help="installed model, or path of its card, which is changed"
    )
    parser.add_argument(
        "--scenes", type=positive, default=SCENES, metavar="N", help="how many (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=SEED, help="of the scenes; evaluate on another (%(default)s)"
    )

    parser.add_argument(
        "--ranges",
        type=nonempty_path,
        metavar="FILE",
        help="of the scenes, YAML (config/randomization.yaml)",
    )


def run(args: argparse.Namespace) -> int:
    """Calibrate; prints the path of the card."""
    from tqdm import tqdm

    from simreal_perception.evaluation.evaluation_scenes import MixedScenes

    card = load_model_card(args.model)
    check_writable(card.path)
    source = MixedScenes(args.scenes, args.seed, args.ranges, card.shape)
    command = f"simreal calibrate-model MODEL --scenes {args.scenes} --seed {args.seed}"
    command += f" --ranges {args.ranges.name}" if args.ranges else ""
    calibrate_model(
        card, tqdm(source.examples(range(source.count)), total=source.count, unit="img"), command
    )
    print(card.path)
    return 0
