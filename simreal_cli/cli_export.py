"""`simreal export`: write a trained run as ONNX files with their card."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from simreal_cli.parsing.arguments import nonempty, nonempty_path, positive, probability
from simreal_common.errors import ConfigurationError
from simreal_common.output_files import check_writable
from simreal_common.untrusted_text import reason_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", type=nonempty_path, help="folder of the run, e.g. runs/block")
    parser.add_argument(
        "model", type=nonempty_path, help="model to write, without suffix: models/block"
    )
    parser.add_argument(
        "--scenes",
        type=positive,
        metavar="N",
        help="scenes that scores and covariances are calibrated on; without it as many as for the "
        "committed model",
    )
    parser.add_argument(
        "--ranges",
        type=nonempty_path,
        metavar="FILE",
        help="YAML of randomization for these scenes, where the model is for a domain of its own; "
        "edges and distances included",
    )
    parser.add_argument(
        "--last", action="store_true", help="the last weights, not those that did best"
    )
    parser.add_argument(
        "--rest-from",
        type=nonempty,
        metavar="MODEL",
        help="installed model, or path of a card, that gives the network which the run has not "
        "trained, e.g. the detector after `simreal train --task pose`",
    )
    parser.add_argument(
        "--blend-with",
        type=nonempty,
        metavar="START",
        help="what the run started from: weights between those and the run's ship, which after a short "
        "run often know what is new and forget less",
    )
    parser.add_argument(
        "--blend",
        type=probability,
        default=0.5,
        metavar="SHARE",
        help="of the run's weights with --blend-with, 0 to 1 (%(default)s)",
    )
    parser.add_argument(
        "--card",
        type=nonempty_path,
        help="JSON file with entries for the card: metrics, limits, ...",
    )


def run(args: argparse.Namespace) -> int:
    """Export; prints the files written."""
    from simreal_perception.model_export.calibrate import SCENES
    from simreal_perception.model_export.export import export
    from simreal_perception.model_export.weight_blending import Blend

    check_writable(Path(f"{args.model}.json"))
    extra = {}
    if args.card:
        try:
            extra = json.loads(args.card.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = reason_of(error, args.card)
            raise ConfigurationError(
                f"cannot read card entries {args.card}: {reason}; wanted a JSON file"
            ) from error
    scenes = args.scenes or SCENES
    blend = Blend(args.blend_with or "", args.blend)
    for path in export(
        args.run, args.model, extra, scenes, args.ranges, args.last, args.rest_from or "", blend
    ):
        print(path)
    return 0
