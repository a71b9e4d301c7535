"""Files are whole or not there, and one process at a time writes them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import (
    Claim,
    check_folder_writable,
    check_writable,
    make_folder,
    named_folder,
    uninterrupted,
    write_output,
    write_whole,
)

HOLDER = """
import pathlib, sys, time
from simreal_common.output_files import Claim
claim = Claim(pathlib.Path(sys.argv[1]))
print("held", flush=True)
time.sleep(100)
"""
# Files beyond this size cannot be written: as if the disk were full.
FULL_DISK = """
import pathlib, resource, signal, sys
from simreal_common.output_files import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    write_whole(pathlib.Path(sys.argv[1]), "x" * 1000)
except OSError as error:
    print(error.strerror)
"""


def test_a_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    for content in ("first", b"second \xff"):
        write_whole(file, content)
    assert file.read_bytes() == b"second \xff"
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text("before")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(file)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "File too large\n", done.stderr
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_links_stay_and_what_is_no_file_is_written_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "file")
    write_whole(link, "content")
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "content"
    write_whole(Path(os.devnull), "content")
    assert not Path(os.devnull).is_file()


def test_a_claim_lasts_as_long_as_its_process(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigurationError, match="another run is writing .*result.json: wait"):
            Claim(file)
        holder.kill()
    claim = Claim(file)
    claim.close()
    claim.close()
    assert list(tmp_path.iterdir()) == []


def test_a_claim_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot write .*give a folder"):
        Claim(tmp_path / "none" / "result.json")


def test_a_place_is_tried_and_nothing_is_left_there(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "result.json"
    check_writable(file)
    check_folder_writable(file)
    assert list(tmp_path.iterdir()) == []
    write_output(file, "{}")
    check_writable(file)
    assert file.read_text() == "{}"
    check_writable(Path(os.devnull))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("folder", "Is a directory"),
        ("file/result.json", "Not a directory"),
        ("file/deeper/result.json", "Not a directory"),
        ("x" * 300, "name too long"),
        ("/proc/result.json", "cannot write /proc/result.json"),
    ],
)
def test_a_place_that_cannot_be_written_is_told(place: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=words):
        check_writable(tmp_path / place)


@pytest.mark.parametrize("place", ["file", "file/deeper", "/proc/folder"])
def test_a_folder_that_cannot_be_written_is_told(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="give a place that can be written"):
        check_folder_writable(tmp_path / place)


@pytest.mark.parametrize("folder_of", [named_folder, make_folder])
def test_no_folder_is_not_the_current_one(folder_of: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigurationError, match="parameter 'out': got '', wanted a folder"):
        folder_of("")


def test_a_folder_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named_folder("~/two words") == tmp_path / "two words"
    assert make_folder("~/two words").is_dir()


def test_the_home_folder_of_nobody_is_no_folder() -> None:
    with pytest.raises(
        ConfigurationError, match="'record': got '~nobody-here/x', and ~nobody-here"
    ):
        named_folder("~nobody-here/x", "record")


def test_a_pipe_of_the_shell_is_written_as_it_is() -> None:
    """`--json >(jq .)` gives /dev/fd/63."""
    reading, writing = os.pipe()
    path = Path(f"/dev/fd/{writing}")
    check_writable(path)
    write_output(path, "{}")
    os.close(writing)
    with open(reading) as pipe:
        assert pipe.read() == "{}"


def interrupted_step(done: list[str]) -> None:
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("the rest of the step")


def test_an_interrupt_waits_for_the_end_of_the_step() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted_step(done)
    assert done == ["the rest of the step"]
    with pytest.raises(KeyboardInterrupt):  # and afterwards it is as it was
        signal.raise_signal(signal.SIGINT)


def test_steps_within_steps_wait_for_the_outer_one() -> None:
    done: list[str] = []

    def outer() -> None:
        with uninterrupted():
            interrupted_step(done)
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        outer()
    assert done == ["the rest of the step", "outer"]


def test_an_error_of_the_step_is_not_lost() -> None:
    def fails() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("of the step")

    with pytest.raises(KeyboardInterrupt) as caught:
        fails()
    assert isinstance(caught.value.__context__, ValueError)


def test_who_ignores_interrupts_goes_on_ignoring_them() -> None:
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
    finally:
        assert signal.signal(signal.SIGINT, usual) is signal.SIG_IGN


def test_another_thread_changes_no_handler() -> None:
    seen = []

    def step() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=step)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
