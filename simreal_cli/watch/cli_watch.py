"""`simreal watch`: is what a camera shows still what the model knows?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simreal_cli.parsing.arguments import nonempty, nonempty_path, output_file
from simreal_common.errors import ConfigurationError, ImageError
from simreal_common.output_files import write_output
from simreal_common.untrusted_text import shortened

if TYPE_CHECKING:
    from simreal_common.block_estimate import BlockEstimate
    from simreal_common.camera import Camera
    from simreal_perception.model_files.model_card import ModelCard
    from simreal_perception.monitoring.watch_page import WatchFacts
    from simreal_perception.video.image_io import RgbImage

EXIT_ALARMS = 1
EPILOG = """\
examples:
  simreal watch my_bag                       a recording of a camera that stands still
  simreal watch my_bag --moving              of one that moves: nothing is compared with before
  simreal watch my_bag --edge 0.05           the network looks, too: is it sure?
  simreal watch photos/                      pictures one by one, by training alone
  simreal watch frames/ --rate 15            pictures in the order of their names, so many a second

Exit code 0: nothing is wrong; 1: something is, with its cause and remedy; 2: nothing could be watched.
"""

Looks = Callable[["RgbImage"], "Sequence[BlockEstimate]"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "path", type=nonempty_path, metavar="BAG|FOLDER", help="recording, or pictures"
    )
    parser.add_argument(
        "--model", type=nonempty, default="block", help="installed model, or path of its card"
    )
    parser.add_argument("--topic", default="", help="of a bag's images, where there are several")
    parser.add_argument("--moving", action="store_true", help="the camera moves")
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="the pictures of a folder are a sequence"
    )
    parser.add_argument(
        "--edge", type=float, metavar="METRES", help="let the network look for blocks of this edge"
    )
    parser.add_argument(
        "--camera",
        type=nonempty,
        metavar="CAMERA.yaml",
        help="for that: calibration, else that of the bag",
    )
    parser.add_argument(
        "--html", type=output_file, default="out/watch.html", metavar="FILE",
        help="the page (%(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Watch; print what was found as JSON, write the page."""
    from simreal_perception.model_files.model_card import load_model_card

    if args.rate is not None and not 0 < args.rate <= 1000:
        raise ConfigurationError(f"--rate {args.rate:g}: wanted images a second, more than 0")
    card = load_model_card(args.model)
    pictures = _pictures(args.path)
    look = _look(args, is_bag=pictures is None)
    if pictures is not None and args.rate is None:
        told, page = _one_by_one(args, card, pictures, look)
    else:
        told, page = _in_order(args, card, pictures, look)
    write_output(args.html, page)
    print(json.dumps(told, indent=2))
    print(f"the page: {args.html}", file=sys.stderr)
    return EXIT_ALARMS if told["wrong"] else 0


def _pictures(path: Path) -> list[Path] | None:
    """The pictures of a folder of them; None: it is a recording.

    Raises:
        ConfigurationError: it is neither.
    """
    from simreal_perception.recordings.recorded_bag import BAGS, may_be_recording
    from simreal_perception.video.image_folder import IMAGE_ENDINGS, image_files

    pictures = image_files(path) if path.is_dir() else []
    if not pictures and not may_be_recording(path):
        what = "holds neither pictures nor a recording" if path.exists() else "is not there"
        raise ConfigurationError(
            f"{shortened(str(path), 200)} {what}: wanted a folder of pictures "
            f"({', '.join(IMAGE_ENDINGS)}), or a recording: {BAGS}"
        )
    return pictures or None


def _one_by_one(
    args: argparse.Namespace, card: ModelCard, files: Sequence[Path], look: Looks | None
) -> tuple[dict[str, Any], str]:
    from simreal_perception.monitoring.monitor import Monitor
    from simreal_perception.monitoring.watch_page import pictures_page
    from simreal_perception.video.image_io import read_image

    monitor, notes, wrong, count = Monitor.of(card), [], {}, 0
    for file in files:
        try:
            rgb = read_image(file)
            results = monitor.judge_picture(rgb, None if look is None else look(rgb))
        except ImageError as error:
            notes.append(f"{file.name}: {error}")
            continue
        count += 1
        bad = {name: result for name, result in results.items() if result.bad}
        if bad:
            wrong[file.name] = bad
    told = {
        "pictures": count,
        "not_read": notes,
        "wrong": [
            {"picture": picture, "check": name, "words": result.words}
            for picture, bad in wrong.items()
            for name, result in bad.items()
        ],
    }
    return told, pictures_page(_facts(args, card, notes), count, wrong)


def _in_order(
    args: argparse.Namespace, card: ModelCard, files: Sequence[Path] | None, look: Looks | None
) -> tuple[dict[str, Any], str]:
    from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
    from simreal_perception.monitoring.monitor import Monitor
    from simreal_perception.monitoring.watch_page import watch_page
    from simreal_perception.monitoring.watch_record import WatchRecord

    monitor, record = Monitor.of(card, MonitorConfig(moving_camera=args.moving)), WatchRecord()
    notes: list[str] = []
    images = _bag(args, notes) if files is None else _sequence(files, args.rate, notes)
    for time, rgb in images:
        monitor.look(rgb, time, None if look is None else look(rgb))
        record.add(monitor, time)
    if not record.images:
        why = f" ({notes[0]})" if notes else ""
        raise ConfigurationError(f"no image in {args.path} can be used{why}; give another")
    start = record.start or 0.0
    told = {
        "images": record.images,
        "seconds": round(record.end - start, 3),
        "not_read": notes,
        "checks": {one.name: f"{one.state.value}: {one.words}" for one in record.findings},
        "wrong": [
            {"after_s": round(event.time - start, 3), "check": event.name, "words": event.words}
            for event in record.alarms
        ],
    }
    return told, watch_page(_facts(args, card, notes), record)


def _bag(args: argparse.Namespace, notes: list[str]) -> Iterator[tuple[float, RgbImage]]:
    from simreal_perception.monitoring.ros_bag_images import BagImages

    images = BagImages(args.path, args.topic)
    bad = 0
    for image in images:
        if image.rgb is None:
            bad += 1
            if bad == 1:
                notes.append(f"an image cannot be used: {image.problem}")
            continue
        yield image.time, image.rgb
    if images.broken:
        notes.append(f"the recording could not be read to its end: {images.broken}")


def _sequence(
    files: Sequence[Path], rate: float, notes: list[str]
) -> Iterator[tuple[float, RgbImage]]:
    from simreal_perception.video.image_io import read_image

    for number, file in enumerate(files):
        try:
            yield number / rate, read_image(file)
        except ImageError as error:
            notes.append(f"{file.name}: {error}")


def _look(args: argparse.Namespace, *, is_bag: bool) -> Looks | None:
    """What makes the estimates of an image; None where nobody asks for them."""
    if args.edge is None:
        return None
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    camera = _camera(args, is_bag)
    estimator = BlockEstimator.load(args.model)
    return lambda rgb: estimator.estimate(rgb, camera, args.edge)


def _camera(args: argparse.Namespace, is_bag: bool) -> Camera:
    from simreal_common.imaging.camera_files import load_camera

    if args.camera is not None:
        return load_camera(args.camera)
    if not is_bag:
        raise ConfigurationError(
            "--edge without a calibration: wanted --camera CAMERA.yaml, that of the pictures"
        )
    from simreal_perception.replay.camera_choice import CameraChoice
    from simreal_perception.replay.ros_recorded_camera import RecordedCamera

    camera = RecordedCamera(CameraChoice(str(args.path), args.topic)).camera
    if camera is None:
        raise ConfigurationError(
            f"{args.path} breaks off before any calibration: give --camera CAMERA.yaml"
        )
    return camera


def _facts(args: argparse.Namespace, card: ModelCard, notes: Sequence[str]) -> WatchFacts:
    from simreal_perception.monitoring.watch_page import WatchFacts

    return WatchFacts(args.path.name, card.name, notes)
