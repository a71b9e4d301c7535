"""Start the planned processes, watch them, and end them all together.

One thread, one event loop. The launcher reaps its children itself, so an exit is seen at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Sequence

from ros2cli_embedded.launch.console import Console
from ros2cli_embedded.launch.kinship import (
    Guardian,
    become_subreaper,
    child_setup,
    children,
    group_exists,
    signal_group,
)
from ros2cli_embedded.launch.plan import LogPlan, ProcessPlan, ShutdownPlan, Step, TimerPlan
from ros2cli_embedded.launch.process import LineReader, RunningProcess

FAST_SIGTERM_S = 2.0
"""Longest wait from SIGINT to SIGTERM when a node was killed: all must be gone within 5 s.

A required node that ends by itself, whatever its exit code, leaves the others their full time: a
verdict of failure must not cut off a film that is being written.
"""
FAST_SIGKILL_S = 1.0
"""Longest wait from SIGTERM to SIGKILL when a node was killed."""
STOPPED_S = 20.0
"""How long a required process may stand still (SIGSTOP) until the launch ends for it.

The others wait for what it does not say, some of them for ever.
"""
LEFTOVER_SIGKILL_S = 1.0
"""How long what a process leaves behind in its group may take to end on SIGTERM."""

_END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Supervisor:
    """Carries out the steps of one launch; `run` may be called once.

    Args:
        console: where all is said.
        folder: temporary files of the launch, removed if it is killed.
    """

    def __init__(self, console: Console, folder: str) -> None:
        self._console = console
        self._folder = folder
        self._running: dict[int, RunningProcess] = {}
        self._stopped: dict[int, asyncio.TimerHandle] = {}
        self._leftovers: dict[int, asyncio.TimerHandle] = {}
        self._pending: dict[object, tuple[asyncio.TimerHandle, bool]] = {}
        self._escalations: list[asyncio.TimerHandle] = []
        self._count = 0
        self._shutting_down = False
        self._fast = False
        self._failed = False
        self._interrupted_by: signal.Signals | None = None

    def run(self, steps: Sequence[Step]) -> int:
        """Carry out the steps, wait for everything to end, and return the exit code.

        0: all processes ended with 0, or ended because the launch was shut down by the clean exit
        of a required one. 1: a process died by itself, or a required one that the launch told to
        end says by an exit code of its own that its work was not done. 128 + N: the user's signal
        N ended it.
        """
        return asyncio.run(self._run(steps))

    async def _run(self, steps: Sequence[Step]) -> int:
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        self._set_up = child_setup()
        become_subreaper()
        self._guardian = Guardian(self._folder)
        self._loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for number in _END_SIGNALS:
            self._loop.add_signal_handler(number, self._interrupted, number)
        try:
            self._carry_out(steps)
            self._check_idle()
            await self._done
        finally:
            self._kill_rest()
            self._guardian.dismiss()
        if self._failed:
            return 1
        return 0 if self._interrupted_by is None else 128 + int(self._interrupted_by)

    # --- starting ---------------------------------------------------------------------------

    def _carry_out(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, LogPlan):
                self._console.info("launch.user", step.message)
            elif isinstance(step, TimerPlan):
                self._later(step.period_s, step.cancel_on_shutdown, self._carry_out, step.steps)
            elif isinstance(step, ShutdownPlan):
                self._console.info("launch", f"shutting down launched system: {step.reason}")
                self._shut_down(fast=False)
            elif not self._shutting_down:
                self._count += 1
                self._start(step, f"{step.name}-{self._count}", retries=0)

    def _later(
        self, delay_s: float, cancel: bool, action: Callable[..., None], *arguments: object
    ) -> None:
        key = object()

        def fire() -> None:
            del self._pending[key]
            action(*arguments)
            self._check_idle()

        self._pending[key] = (self._loop.call_later(delay_s, fire), cancel)

    def _start(self, plan: ProcessPlan, name: str, retries: int) -> None:
        process = RunningProcess(plan, name, retries)
        try:
            process.start(self._set_up, lambda stream, line: self._line(process, stream, line))
        except (OSError, subprocess.SubprocessError) as error:
            self._failed = True
            self._console.error(
                name, f"process could not be started: {error}, cmd '{process.command_line}'"
            )
            if plan.shutdown_on_exit:
                self._required_ended(process, "could not be started", fast=True)
            return
        self._running[process.pid] = process
        self._guardian.enter(process.pid)
        for reader in process.readers:
            self._loop.add_reader(reader.descriptor, self._readable, process, reader)
        self._console.info(name, f"process started with pid [{process.pid}]")

    # --- output -----------------------------------------------------------------------------

    def _readable(self, process: RunningProcess, reader: LineReader) -> None:
        if not reader.read():
            self._close(process, reader)

    def _close(self, process: RunningProcess, reader: LineReader) -> None:
        self._loop.remove_reader(reader.descriptor)
        process.readers.remove(reader)
        reader.finish()

    def _line(self, process: RunningProcess, stream: str, line: str) -> None:
        self._console.output(process.name, stream, line, process.plan.output)
        if self._console.broken and not self._shutting_down:
            self._failed = True
            self._console.error("launch", "nobody reads the output: shutting down launched system")
            self._shut_down(fast=True)

    # --- ends -------------------------------------------------------------------------------

    def _reap(self) -> None:
        """Take note of every child that has ended, inherited ones included, or stands still."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if (stopped := self._stopped.pop(pid, None)) is not None:
                stopped.cancel()
            if os.WIFSTOPPED(status) or os.WIFCONTINUED(status):
                if pid in self._running:
                    self._stands_still_or_not(self._running[pid], os.WIFSTOPPED(status))
                continue
            process = self._running.pop(pid, None)
            if process is not None:
                self._ended(process, os.waitstatus_to_exitcode(status))
        for group in [g for g in self._leftovers if not group_exists(g)]:
            self._leftovers.pop(group).cancel()
            self._guardian.strike_off(group)
        self._check_idle()

    def _ended(self, process: RunningProcess, code: int) -> None:
        process.ended(code)
        for reader in list(process.readers):
            self._close(process, reader)
        self._end_group(process.pid)
        if code == 0:
            self._console.info(process.name, f"process has finished cleanly [pid {process.pid}]")
        else:
            self._console.error(
                process.name,
                f"process has died [pid {process.pid}, exit code {code}, "
                f"cmd '{process.command_line}'].",
            )
        plan = process.plan
        if process.signalled:
            unfinished = plan.shutdown_on_exit and code != 0 and not _was_killed(code)
            self._failed = self._failed or (unfinished and self._interrupted_by is None)
            return
        if plan.shutdown_on_exit:
            self._failed = self._failed or code != 0
            how = _how_it_died(code) if code else ""
            self._required_ended(process, how, fast=_was_killed(code))
        elif not self._shutting_down and self._may_respawn(process):
            self._later(
                plan.respawn_delay_s, True, self._start, plan, process.name, process.retries + 1
            )
        elif code != 0:
            self._failed = True

    def _stands_still_or_not(self, process: RunningProcess, stopped: bool) -> None:
        if self._shutting_down:
            return
        if not stopped:
            self._console.info(process.name, f"process goes on [pid {process.pid}]")
            return
        until = f", or the launch ends in {STOPPED_S:g} s" if process.plan.shutdown_on_exit else ""
        self._console.error(
            process.name,
            f"process was stopped by a signal [pid {process.pid}]: let it go on with "
            f"'kill -CONT {process.pid}'{until}",
        )
        if process.plan.shutdown_on_exit:
            self._stopped[process.pid] = self._loop.call_later(
                STOPPED_S, self._stood_still, process
            )

    def _stood_still(self, process: RunningProcess) -> None:
        if not self._shutting_down:
            self._failed = True
            self._required_ended(process, f"stood still for {STOPPED_S:g} s", fast=True)

    def _may_respawn(self, process: RunningProcess) -> bool:
        limit = process.plan.respawn_max_retries
        return process.plan.respawn and (limit < 0 or process.retries < limit)

    def _end_group(self, group: int) -> None:
        """End what a finished process has left in its group."""
        if not group_exists(group):
            self._guardian.strike_off(group)
            return
        signal_group(group, signal.SIGTERM)
        self._leftovers[group] = self._loop.call_later(
            LEFTOVER_SIGKILL_S, self._kill_leftover, group
        )

    def _kill_leftover(self, group: int) -> None:
        signal_group(group, signal.SIGKILL)
        # Reaped through SIGCHLD; look again in case the members are not our descendants.
        self._leftovers[group] = self._loop.call_later(0.1, self._reap)

    def _required_ended(self, process: RunningProcess, how_it_died: str, fast: bool) -> None:
        message = f"process[{process.name}] was required: shutting down launched system"
        if how_it_died:
            self._console.error("launch", f"{message} (it {how_it_died})")
        else:
            self._console.info("launch", message)
        self._shut_down(fast)

    # --- the end of the launch --------------------------------------------------------------

    def _interrupted(self, number: signal.Signals) -> None:
        fast = number != signal.SIGINT
        if number == signal.SIGINT:
            again = " again, ignoring..." if self._interrupted_by is not None else ""
            self._console.warning("launch", f"user interrupted with ctrl-c (SIGINT){again}")
        else:
            self._console.warning("launch", f"got {number.name}: shutting down launched system")
        if self._interrupted_by is None and not self._shutting_down:
            self._interrupted_by = number
        self._shut_down(fast)

    def _shut_down(self, fast: bool) -> None:
        """End all processes; `fast` also speeds up a shutdown that is under way."""
        if self._shutting_down and (self._fast or not fast):
            return
        first = not self._shutting_down
        self._shutting_down = True
        self._fast = fast
        for key in [k for k, (_, cancel) in self._pending.items() if cancel]:
            self._pending.pop(key)[0].cancel()
        for escalation in self._escalations:
            escalation.cancel()
        self._escalations.clear()
        if first:
            self._reap()  # what has died before our signal has died by itself
        for process in list(self._running.values()):
            if first:
                process.signalled = True
                self._send(process, signal.SIGINT)
            self._escalate(process, fast)
        self._check_idle()

    def _escalate(self, process: RunningProcess, fast: bool) -> None:
        term_s, kill_s = process.plan.sigterm_timeout_s, process.plan.sigkill_timeout_s
        if fast:
            term_s, kill_s = min(term_s, FAST_SIGTERM_S), min(kill_s, FAST_SIGKILL_S)
        self._escalations += [
            self._loop.call_later(
                term_s, self._harder, process, term_s, signal.SIGINT, signal.SIGTERM
            ),
            self._loop.call_later(
                term_s + kill_s, self._harder, process, kill_s, signal.SIGTERM, signal.SIGKILL
            ),
        ]

    def _harder(
        self,
        process: RunningProcess,
        waited_s: float,
        before: signal.Signals,
        now: signal.Signals,
    ) -> None:
        if process.pid not in self._running:
            return
        self._console.error(
            process.name,
            f"process[{process.name}] failed to terminate '{waited_s:g}' seconds after receiving "
            f"'{before.name}', escalating to '{now.name}'",
        )
        self._send(process, now)

    def _send(self, process: RunningProcess, number: signal.Signals) -> None:
        self._console.info(
            process.name, f"sending signal '{number.name}' to process[{process.name}]"
        )
        signal_group(process.pid, number)
        signal_group(process.pid, signal.SIGCONT)  # one that stands still hears it then

    def _check_idle(self) -> None:
        idle = not (self._running or self._leftovers or self._pending)
        if idle and not self._done.done():
            self._done.set_result(None)

    def _kill_rest(self) -> None:
        """Kill what is left: nothing, or what left its process group, or all after a bug."""
        for process in self._running.values():
            signal_group(process.pid, signal.SIGKILL)
        while rest := [pid for pid in children() if pid != self._guardian.pid]:
            for pid in rest:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    pass


def _was_killed(code: int) -> bool:
    return code < 0 or code > 128  # a shell passes on "killed by signal N" as 128 + N


def _how_it_died(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
