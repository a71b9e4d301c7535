"""A simulation launched as a person does it, and all that belongs to it while it runs and after it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from simreal_common.errors import MissingDependencyError

NODES = ("sim_node", "perception_node", "control_node", "recorder_node", "scorer_node")
LAUNCHER = "launcher"
GUARDIAN = "guardian"  # the embedded launcher's: ends the nodes where the launcher cannot
MARK = "SIMREAL_ENDURANCE_RUN"
LOOK_S = 0.05
END_S = 15.0


class LaunchedRun:
    """`ros2 launch simreal FILE` in a session and a ROS domain of its own.

    Args:
        folder: made; gets the run's files in `out`, its temporary files in `tmp`, what it says in
            `log.txt`.
        domain: ROS_DOMAIN_ID, used by nobody else on this machine.
        arguments: of the launch file, as `seed:=1`.
        file: the launch file.

    Raises:
        MissingDependencyError: there is no `ros2`.
    """

    def __init__(
        self, folder: Path, domain: int, *arguments: str, file: str = "simulation.launch.xml"
    ) -> None:
        self.out, self.temporary, self.log = folder / "out", folder / "tmp", folder / "log.txt"
        self.temporary.mkdir(parents=True)
        mark, ros_domain = uuid.uuid4().hex, str(domain)
        self._mark, self._domain = f"{MARK}={mark}", f"ROS_DOMAIN_ID={ros_domain}"
        self._others = frozenset(_with(self._domain))  # whoever started this, say
        environment = {**os.environ, MARK: mark, "ROS_DOMAIN_ID": ros_domain}
        environment.update(TMPDIR=str(self.temporary), PYTHONUNBUFFERED="1")
        environment.setdefault("OMP_NUM_THREADS", "1")
        command = [_ros2(), "launch", "simreal", file, f"out:={self.out}"]
        self._began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_hear_interrupts,
            )

    @property
    def seconds(self) -> float:
        """Real seconds since it was started."""
        return time.monotonic() - self._began

    @property
    def code(self) -> int | None:
        """The launcher's exit code, of a killed one minus the signal; None while it runs."""
        return self.process.poll()

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> dict[int, str]:
        """What is alive of it, by process id: `LAUNCHER`, `GUARDIAN`, a node's name, else its command.

        It is known by its environment: the mark of this run, or its ROS domain where it came later.
        """
        found = {**_with(self._domain), **_with(self._mark)}
        return {n: self._name(n, w) for n, w in found.items() if n not in self._others}

    def _name(self, number: int, words: list[str]) -> str:
        if number == self.process.pid:
            return LAUNCHER
        names = [Path(word).name for word in words]
        known = next((node for node in NODES if node in names), None)
        return known or (GUARDIAN if "guardian.py" in names else " ".join(words))

    def ended(self, timeout_s: float) -> bool:
        """Wait for the launcher's end; False if it did not come."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def until(self, true: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for something; False if it did not come, or the launch ended before."""
        deadline = time.monotonic() + timeout_s
        while not true():
            if self.code is not None or time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def close(self) -> None:
        """End whatever is left."""
        if self.code is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGINT)
            self.ended(END_S)
        for number in _with(self._mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait()


def _with(setting: str) -> dict[int, list[str]]:
    """The living processes whose environment holds a setting, and their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        except OSError:
            continue  # ended meanwhile, or somebody else's
        if words[0] and setting.encode() in environment:  # a zombie has no command line
            found[int(folder.name)] = [word.decode("utf-8", "replace") for word in words]
    return found


def _hear_interrupts() -> None:
    # What a shell starts in the background ignores them, and so does what that starts.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _ros2() -> str:
    """The `ros2` of this environment, else the one on PATH."""
    own = Path(sys.executable).with_name("ros2")
    found = str(own) if own.exists() else shutil.which("ros2")
    if found is None:
        raise MissingDependencyError(
            "this needs the `ros2` command: source ROS 2, or pip install ./embedded_ros2"
        )
    return found
