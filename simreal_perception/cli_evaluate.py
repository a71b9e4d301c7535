"""`simreal evaluate`: measure a model on images whose truth is known."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from simreal_common.arguments import positive

EPILOG = """\
examples:
  simreal evaluate --scenes 200 --seed 1       fresh synthetic scenes, blocks at 0.5 to 1.1 m
  simreal evaluate --world 100 --seed 1        the cell that the demo runs in, another renderer
  simreal evaluate --photos FOLDER             photographs with poses (index.json)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument("--model", default="block", help="installed model, or path of its files")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--scenes", type=positive, metavar="N", help="N fresh synthetic scenes")
    source.add_argument(
        "--world",
        type=positive,
        metavar="N",
        help="N scenes of the simulated cell, drawn by PyBullet",
    )
    source.add_argument("--photos", type=Path, metavar="FOLDER", help="photographs with poses")
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic scenes")
    parser.add_argument("--min-score", type=float, default=0.5, help="estimates below do not count")
    parser.add_argument(
        "--write-card", action="store_true", help="write the figures into the model's card"
    )
    parser.add_argument("--sheet", type=Path, metavar="OUT.png", help="draw the worst cases")


def run(args: argparse.Namespace) -> int:
    """Print one line of JSON a photograph, then the summary."""
    from tqdm import tqdm

    from simreal_perception.estimator import BlockEstimator
    from simreal_perception.evaluation import Evaluation
    from simreal_perception.evaluation_data import photographs, synthetic_examples, world_examples
    from simreal_perception.model_card import add_metrics

    estimator = BlockEstimator.load(args.model)
    if args.photos:
        examples = photographs(args.photos)
    elif args.world:
        examples = world_examples(args.world, args.seed)
    else:
        examples = synthetic_examples(args.scenes, args.seed)
    total, milliseconds = Evaluation(), []
    cases: list[tuple[float, Any, Any]] = []
    for example in tqdm(
        examples, total=args.scenes or args.world, unit="img", disable=bool(args.photos)
    ):
        start = time.perf_counter()
        found = estimator.estimate(example.image, example.camera, example.edge)
        milliseconds.append((time.perf_counter() - start) * 1e3)
        found = [block for block in found if block.score >= args.min_score]
        one = Evaluation()
        for evaluation in (one, total):
            evaluation.add(found, example.blocks, example.hidden, example.edge)
        worst = max((error.position_m for error in one.errors), default=0.0)
        cases.append((worst + one.missed + one.false, example, found))
        if args.photos:
            print(json.dumps({"image": example.name, **_rounded(one.summary())}))
    middle = sorted(milliseconds)[len(milliseconds) // 2]
    summary = _rounded({"images": len(milliseconds), **total.summary(), "milliseconds_p50": middle})
    print(json.dumps({"model": args.model, **summary}))
    if args.write_card:
        name = next(name for name in ("photos", "world", "scenes") if getattr(args, name))
        value = args.photos.name if args.photos else getattr(args, name)
        what = f"--{name} {value}"
        command = f"simreal evaluate {what} --seed {args.seed} --min-score {args.min_score:g}"
        add_metrics(estimator.card, command, summary)
    if args.sheet:
        _write_sheet(args.sheet, sorted(cases, key=lambda case: -case[0])[:12])
    return 0


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _write_sheet(path: Path, cases: list[tuple[float, Any, Any]]) -> None:
    """The worst cases, with the estimates drawn in, as one picture of four columns."""
    import cv2
    import numpy as np

    from simreal_perception.drawing import draw_blocks
    from simreal_perception.pictures import write_picture

    pictures = []
    for _, example, found in cases:
        drawn = draw_blocks(example.image, example.camera, found)
        height = round(360 * drawn.shape[0] / drawn.shape[1])
        small = cv2.resize(drawn, (360, height), interpolation=cv2.INTER_AREA)
        pictures.append(cv2.copyMakeBorder(small, 0, 360 - height, 0, 0, cv2.BORDER_CONSTANT))
    while len(pictures) % 4:
        pictures.append(np.zeros_like(pictures[0]))
    rows = [np.hstack(pictures[i : i + 4]) for i in range(0, len(pictures), 4)]
    write_picture(path, np.vstack(rows))
