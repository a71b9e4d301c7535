"""`simreal inspect`: look at pictures and their labels before anything learns from them."""

from __future__ import annotations

import argparse

from simreal_cli.compilation import tell_of_compilation
from simreal_cli.parsing.arguments import image_size, nonempty, nonempty_path, output_file, positive
from simreal_common.output_files import write_output

EXIT_WRONG_LABELS = 1
EPILOG = """\
examples:
  simreal inspect data/mine                      pictures that simreal pictures wrote, or photographs
                                                 with labels beside them
  simreal inspect mine.yaml --scenes 300         what training would see with these ranges
  simreal inspect mine.yaml --photos my_photographs --features both
                                                 and which photographs lie outside of that

Exit code 0: no label is wrong; 1: some are, listed by picture; 2: nothing could be looked at.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "data", type=nonempty_path, metavar="DATA|RANGES",
        help="folder of labelled pictures or of their shards, or a YAML file of ranges",
    )  # fmt: skip
    parser.add_argument(
        "--scenes", type=positive, default=200, metavar="N",
        help="pictures to draw from ranges (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of the first drawn (%(default)s)")
    parser.add_argument(
        "--split", default="trained", metavar="NAME", help="kind of drawn scenes (%(default)s)"
    )
    parser.add_argument(
        "--size",
        type=image_size,
        metavar="WxH",
        help="of drawn pictures, pixels; without it the split's",
    )
    parser.add_argument(
        "--photos", type=nonempty_path, metavar="FOLDER",
        help="real photographs, with labels or without: which lie outside of what the pictures show",
    )  # fmt: skip
    parser.add_argument(
        "--features", choices=("plain", "both"), default="plain",
        help="by which photographs are compared: plain ones, or the detector network's, too",
    )  # fmt: skip
    parser.add_argument(
        "--model", type=nonempty, default="block", help="whose detector is meant (%(default)s)"
    )
    parser.add_argument(
        "--html", type=output_file, default="out/inspect.html", metavar="FILE",
        help="the page (%(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Look, write the page, tell what was found."""
    from tqdm import tqdm

    from simreal_perception.dataset_export.picture_settings import PictureSettings
    from simreal_perception.inspection.inspection import inspect_pictures
    from simreal_perception.inspection.inspection_page import as_text, inspection_page
    from simreal_perception.inspection.label_sources import open_source

    drawn = PictureSettings(seed=args.seed, split=args.split, size=args.size)
    source = open_source(args.data, drawn, args.scenes)
    tell_of_compilation()
    describe = None
    if args.photos is not None and args.features == "both":
        from simreal_perception.inspection.image_embedding import ImageEmbedding

        describe = ImageEmbedding(args.model).of
    with tqdm(total=source.count, unit="img") as bar:
        seen = inspect_pictures(source, args.photos, describe, bar.update)
    write_output(args.html, inspection_page(seen))
    print(as_text(seen))
    print(f"the page: {args.html}")
    return EXIT_WRONG_LABELS if seen.errors else 0
