"""One running process: its pipes cut into lines, and what is known of it."""

from __future__ import annotations

import functools
import os
import pty
import subprocess
from collections.abc import Callable

from ros2cli_embedded.launch.plan import ProcessPlan

_CHUNK_BYTES = 65536
_LONGEST_LINE_BYTES = 65536
"""A line that grows beyond this is shown in pieces, so that memory stays bounded."""
_LAST_CHUNKS = 64
"""What is read after a process has ended, so that a left grandchild cannot keep us reading."""

OnLine = Callable[[str, str], None]


class LineReader:
    """Cuts what arrives on a descriptor into lines and hands over each (stream, text)."""

    def __init__(self, descriptor: int, stream: str, on_line: OnLine) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._stream = stream
        self._on_line = on_line
        self._rest = b""

    def read(self) -> bool:
        """Read what is there; return False at the end of the stream."""
        try:
            data = os.read(self.descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return True
        except OSError:  # a pseudo terminal whose other side is closed
            data = b""
        if not data:
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hand_over(line)
        if len(self._rest) > _LONGEST_LINE_BYTES:
            self._hand_over(self._rest)
            self._rest = b""
        return True

    def finish(self) -> None:
        """Read the rest, hand over an unfinished last line, and close."""
        for _ in range(_LAST_CHUNKS):
            before = self._rest
            if not self.read() or self._rest == before:
                break
        if self._rest:
            self._hand_over(self._rest)
            self._rest = b""
        os.close(self.descriptor)

    def _hand_over(self, line: bytes) -> None:
        self._on_line(self._stream, line.decode("utf-8", errors="replace").rstrip("\r"))


class RunningProcess:
    """A started process; it leads a process group of its own."""

    def __init__(self, plan: ProcessPlan, name: str, retries: int) -> None:
        self.plan = plan
        self.name = name
        self.retries = retries
        self.signalled = False
        """True once the launcher has asked it to end."""
        self.readers: list[LineReader] = []
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self, set_up: Callable[[bool], None], on_line: OnLine) -> None:
        """Start the process; OSError or subprocess.SubprocessError if that fails."""
        plan = self.plan
        ours, theirs = [], []
        for _ in ("stdout", "stderr"):
            inner, outer = pty.openpty() if plan.emulate_tty else os.pipe()
            ours.append(inner)
            theirs.append(outer)
        try:
            self._popen = subprocess.Popen(
                " ".join(plan.command) if plan.shell else plan.command,
                shell=plan.shell,
                cwd=plan.cwd,
                env=plan.environment,
                stdin=subprocess.DEVNULL,
                stdout=theirs[0],
                stderr=theirs[1],
                start_new_session=True,
                preexec_fn=functools.partial(set_up, plan.unblocks_sigint),
            )
        except BaseException:
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.readers = [
            LineReader(ours[0], "stdout", on_line),
            LineReader(ours[1], "stderr", on_line),
        ]

    @property
    def pid(self) -> int:
        """Process id, which is also the id of the process group."""
        if self._popen is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._popen.pid

    def ended(self, code: int) -> None:
        """Record the exit code (negative: killed by that signal) that the launcher reaped."""
        if self._popen is not None:
            self._popen.returncode = code

    @property
    def command_line(self) -> str:
        """The command as the real launch shows it."""
        return " ".join(word for word in self.plan.command if word.strip())
