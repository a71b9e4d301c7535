"""`simreal watch-reference`: how what a model was trained on looks, written into its card."""

from __future__ import annotations

import argparse

from simreal_cli.parsing.arguments import nonempty, nonempty_path, positive
from simreal_common.output_files import check_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "model", type=nonempty, help="installed model, or path of its card, which is changed"
    )
    parser.add_argument(
        "--scenes", type=positive, metavar="N",
        help="how many; without it as many as for the committed model",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, help="of the scenes (that of the committed model)")
    parser.add_argument(
        "--ranges", type=nonempty_path, metavar="FILE",
        help="of the scenes, YAML (config/randomization.yaml)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Measure; prints the path of the card."""
    from tqdm import tqdm

    from simreal_perception.evaluation.evaluation_scenes import MixedScenes
    from simreal_perception.model_export.monitor_reference import (
        WATCH_SCENES,
        WATCH_SEED,
        watch_command,
        write_reference,
    )
    from simreal_perception.model_files.model_card import load_model_card

    card = load_model_card(args.model)
    check_writable(card.path)
    seed = WATCH_SEED if args.seed is None else args.seed
    source = MixedScenes(args.scenes or WATCH_SCENES, seed, args.ranges, card.shape)
    command = watch_command(source.count, seed, args.ranges)
    examples = tqdm(source.examples(range(source.count)), total=source.count, unit="img")
    write_reference(card, examples, command)
    print(card.path)
    return 0
