"""`simreal pictures`: randomized pictures with labels as files."""

from __future__ import annotations

import argparse
import re

from simreal_cli.compilation import tell_of_compilation
from simreal_cli.parsing.arguments import image_size, nonempty_path, output_folder, positive

# Those of `dataset_export.registry`, which takes a second or two to import: --help has to be quick.
FORMATS = ("folder", "coco", "bop", "webdataset")
THIS_MACHINE = "this machine"
EPILOG = """\
examples:
  simreal pictures 1000 --out data/mine --ranges mine.yaml
                                        what training sees; simreal evaluate --photos reads it
  simreal pictures 1000 --out data/coco --format coco --split overhead --jobs 2
  simreal pictures 1000000 --out /shared/shards --format webdataset --shard 2000 --ray head:6379
                                        by all cores of a Ray cluster: doc/training.md, Scale
  simreal inspect data/mine             look at them before anything learns from them

Picture n has the seed --seed + n and is the same whatever else is drawn. A run that was stopped or
killed goes on when the same command is given again, with a larger N, too.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument("count", type=positive, metavar="N", help="pictures")
    parser.add_argument(
        "--out", type=output_folder, required=True, metavar="DIR", help="their folder"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default=FORMATS[0], help="layout of the files (%(default)s)"
    )
    parser.add_argument(
        "--ranges", type=nonempty_path, metavar="FILE",
        help="YAML of randomization; without it config/randomization.yaml",
    )  # fmt: skip
    parser.add_argument(
        "--split", default="trained", metavar="NAME",
        help="kind of scenes: trained (the default: all that the ranges say), everything, overhead, "
        "crowded, face-on, held",
    )  # fmt: skip
    parser.add_argument(
        "--off", nargs="+", default=(), metavar="GROUP", help="groups that are switched off"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first picture (%(default)s)")
    parser.add_argument(
        "--size",
        type=image_size,
        metavar="WxH",
        help="of the pictures, pixels; without it the split's",
    )
    parser.add_argument(
        "--shard", type=positive, metavar="M",
        help="pictures a tar file of webdataset; without it 100",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=positive, default=1, metavar="J", help="processes to share the work among"
    )
    parser.add_argument(
        "--ray", nargs="?", type=cluster, const=THIS_MACHINE, metavar="HOST:PORT",
        help="share the work among all cores of the Ray cluster with this head; without an address "
        "among --jobs processes of this machine",
    )  # fmt: skip


def cluster(text: str) -> str:
    """Where a cluster's head is, for argparse's `type`."""
    if text != THIS_MACHINE and not re.fullmatch(r"[^\s:]+:\d{1,5}", text):
        raise argparse.ArgumentTypeError(
            f"got '{text}', wanted HOST:PORT of a cluster's head; without one, --ray comes last"
        )
    return text


def run(args: argparse.Namespace) -> int:
    """Draw and write; say where."""
    from tqdm import tqdm

    from simreal_perception.dataset_export.picture_run import PictureRun
    from simreal_perception.dataset_export.picture_settings import PictureSettings

    settings = PictureSettings(
        args.format, args.seed, args.split, args.size, args.ranges, tuple(args.off), args.shard
    )
    pictures, spread = PictureRun(args.out, args.count, settings), None
    if args.ray is not None:
        from simreal_perception.dataset_export.ray_cluster import RayCluster

        spread = RayCluster(None if args.ray == THIS_MACHINE else args.ray, args.jobs)
    tell_of_compilation()
    with tqdm(total=args.count, unit="img") as bar:
        try:
            drawn = pictures.write(args.jobs, bar.update, spread)
        except KeyboardInterrupt:
            bar.close()
            print(f"stopped; the same command goes on, and draws what is not in {args.out} yet")
            raise
    width, height = settings.image_size
    print(
        f"{args.count} pictures of {width}x{height} in {args.out} ({args.format}), {drawn} of them "
        f"drawn now; seeds {args.seed} to {args.seed + args.count - 1}"
    )
    return 0
