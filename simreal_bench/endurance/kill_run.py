"""One launch, one signal to one of its processes at some moment, and what came of it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from simreal_bench.endurance.launched_run import GUARDIAN, LAUNCHER, NODES, LaunchedRun
from simreal_bench.endurance.run_files import VERDICT, drafts, half_files, verdict_of

SIGNALS = ("SIGKILL", "SIGSTOP", "SIGTERM", "SIGINT")
VICTIMS = (LAUNCHER, GUARDIAN, *NODES)
# A node that stands still is ended with the launch after a while; then come SIGINT, SIGTERM, SIGKILL.
STOPPED_END_S = 60.0
KILLED_END_S = 5.0
TOLD_END_S = 25.0  # a film may have to be finished on a busy machine
GOES_ON_S = 3.0
OLD_VERDICT = '{"success": true, "old": true}\n'
# Before it says this a launcher's interpreter starts, which has Python's own ways with signals.
LAUNCHER_IS_UP = "[launch]: "
LEFT_OVER_S = 2.0  # a killed launcher's processes are ended by another one


@dataclass(frozen=True)
class Kill:
    """What is to be done.

    Args:
        number: of the run.
        signal: name of one of `SIGNALS`.
        victim: one of `VICTIMS`; waited for, where it is not there yet.
        moment_s: real seconds after the start.
    """

    number: int
    signal: str
    victim: str
    moment_s: float


@dataclass(frozen=True)
class KillResult:
    """What came of it.

    Args:
        kill: what was to be done.
        sent_s: when the signal was sent, seconds after the start; None: the run was over before.
        ended_s: seconds from the signal to the end of the launch.
        code: the launcher's exit code, of a killed one minus the signal.
        verdict: the scorer's, None without one.
        faults: what must not be, in words.
        drafts: hidden files of what was being written, which `kill -9` may leave.
    """

    kill: Kill
    sent_s: float | None
    ended_s: float
    code: int | None
    verdict: bool | None
    faults: list[str]
    drafts: list[str] = field(default_factory=list)


def run_kill(kill: Kill, folder: Path, domain: int, blocks: int, seed: int) -> KillResult:
    """Launch, disturb, look. The run's folder is left only where something is wrong with it.

    Raises:
        MissingDependencyError: there is no `ros2`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    # An older verdict must not pass for this run's.
    (folder / "out" / VERDICT).write_text(OLD_VERDICT, "utf-8")
    run = LaunchedRun(folder, domain, f"blocks:={blocks}", f"seed:={seed}")
    try:
        sent_s = _send(run, kill)
        sent = time.monotonic()
        goes_on = sent_s is not None and _goes_on(run, kill)
        faults = _end(run, kill, sent_s is not None, goes_on)
        ended_s = time.monotonic() - sent
        faults += _left_over(run)
        faults += half_files(run.out)
        if _drop_old_verdict(run) and "[sim_node-" in run.said:
            faults.append("the verdict of an older run stands")
        verdict = None if faults else verdict_of(run.out)
        if run.code == 0 and verdict is not True:
            faults.append(f"exit code 0, and the verdict is {verdict}")
        if sent_s is None and (run.code == 0) != (verdict is True):
            faults.append(f"undisturbed: exit code {run.code}, and the verdict is {verdict}")
        if "Traceback" in run.said and LAUNCHER_IS_UP in run.said:
            faults.append("a traceback")
    finally:
        run.close()
    result = KillResult(kill, sent_s, round(ended_s, 2), run.code, verdict, faults, drafts(run.out))
    if not faults:
        shutil.rmtree(folder)
    return result


def _send(run: LaunchedRun, kill: Kill) -> float | None:
    """When it was sent; None where the launch was over before."""
    run.until(lambda: run.seconds >= kill.moment_s, kill.moment_s + 1.0)
    while run.code is None:
        for number, name in run.processes().items():
            if name != kill.victim:
                continue
            sent_s = run.seconds
            try:
                os.kill(number, signal.Signals[kill.signal])
            except ProcessLookupError:
                continue
            return round(sent_s, 2)
        time.sleep(0.02)
    return None


def _goes_on(run: LaunchedRun, kill: Kill) -> bool:
    """Whether the launch is none the worse: then it is interrupted, and must still hear it."""
    if kill.victim == GUARDIAN:
        run.ended(GOES_ON_S)
    elif kill.victim == LAUNCHER and kill.signal == "SIGSTOP":
        # As Ctrl-Z does. Nobody ends a launch for that: it goes on when it is told to.
        time.sleep(GOES_ON_S)
        run.process.send_signal(signal.SIGCONT)
    else:
        return False
    if run.code is not None:
        return False
    run.process.send_signal(signal.SIGINT)
    return True


def _end(run: LaunchedRun, kill: Kill, sent: bool, goes_on: bool) -> list[str]:
    """Wait for the end; what is wrong with how it comes."""
    if not sent:
        return []
    limit_s = TOLD_END_S
    if not goes_on:
        limit_s = {"SIGKILL": KILLED_END_S, "SIGSTOP": STOPPED_END_S}.get(kill.signal, TOLD_END_S)
    if not run.ended(limit_s):
        return [f"the launch did not end within {limit_s:g} s; alive: {_names(run)}"]
    wanted = {1}
    if goes_on:
        wanted = {128 + signal.SIGINT}
    elif kill.victim == LAUNCHER:
        number = signal.Signals[kill.signal]
        wanted = {-number} if kill.signal == "SIGKILL" else {128 + number}
        if LAUNCHER_IS_UP not in run.said:  # ended by the signal: for a shell the same code
            wanted |= {-number, 1}
    # A run may reach its verdict just before it hears the signal.
    if run.code not in wanted and not (run.code in (0, 1) and (run.out / VERDICT).exists()):
        return [f"exit code {run.code}, wanted {max(wanted)}"]
    return []


def _drop_old_verdict(run: LaunchedRun) -> bool:
    """Whether it is still there; it is taken away then."""
    file = run.out / VERDICT
    there = file.exists() and file.read_text("utf-8") == OLD_VERDICT
    if there:
        file.unlink()
    return there


def _left_over(run: LaunchedRun) -> list[str]:
    """Processes and temporary files that outlive the launch."""
    deadline = time.monotonic() + (LEFT_OVER_S if (run.code or 0) < 0 else 0.0)
    while True:
        faults = []
        if run.processes():
            faults.append(f"left over: {_names(run)}")
        if files := sorted(str(f.relative_to(run.temporary)) for f in run.temporary.rglob("*")):
            faults.append(f"temporary files left over: {', '.join(files[:4])}")
        if not faults or time.monotonic() > deadline:
            return faults
        time.sleep(0.05)


def _names(run: LaunchedRun) -> str:
    return ", ".join(sorted(run.processes().values()))
