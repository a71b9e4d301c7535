"""`simreal explain`: the report of a recorded run, with images from its film."""

from __future__ import annotations

import argparse
from pathlib import Path

from simreal_cli.parsing.arguments import nonempty_path
from simreal_common.errors import ConfigurationError, MessageError, SimrealError
from simreal_common.output_files import check_writable, write_output
from simreal_common.untrusted_text import parse_json, read_text

PAGE, FILM, RESULT = "report.html", "demo.mp4", "result.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "folder", type=nonempty_path, metavar="FOLDER",
        help="of a run: decisions.jsonl lies in it, and demo.mp4 and result.json if there are any",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Tell it, and write the page."""
    from simreal_control.report.report_text import as_page, as_text
    from simreal_control.report.run_record import read_record
    from simreal_control.report.run_report import compile_report

    folder: Path = args.folder
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: no such folder; wanted the folder of a run")
    page = folder / PAGE
    check_writable(page)
    record = read_record(folder)
    if not record.events:
        raise ConfigurationError(f"{folder}: nothing is recorded there; the run had not begun")
    report = compile_report(record.events, record.cut_off)
    numbers = [number for number, moment in enumerate(report.moments) if moment.scene]
    remark, images = "", {}
    try:
        times = [report.moments[number].time for number in numbers]
        images = dict(zip(numbers, _images(folder / FILM, times), strict=True))
    except SimrealError as error:
        remark = f"Without images: {error}"
    verdict = _verdict(folder / RESULT)
    write_output(page, as_page(report, verdict, remark, images))
    where = f"With images: {page}" if images else f"{remark}; as a page: {page}"
    print(as_text(report, verdict, where))
    return 0


def _images(film: Path, times: list[float]) -> list[tuple[float, bytes]]:
    """Images as JPEG, and when each was taken."""
    from simreal_perception.video.film_frames import frames_at
    from simreal_perception.video.image_io import jpeg

    return [(frame.time_s, jpeg(frame.rgb)) for frame in frames_at(film, times)]


def _verdict(file: Path) -> str:
    """What whoever knows the truth says of the run; empty where nobody does."""
    if not file.is_file():
        return ""
    try:
        result = parse_json(read_text(file))
        word = "success" if result["success"] else "failure"
        return (
            f"The verdict ({file.name}), from the truth: {word}: {result['reason']}; "
            f"{result['placed']} of {result['blocks']} blocks"
        )
    except (MessageError, KeyError, TypeError):
        return f"{file.name} lies there, but it is not the result of a run"
