"""What a launch will do, with every text filled in; nothing has been started yet."""

from __future__ import annotations

from dataclasses import dataclass

OUTPUTS = ("screen", "log", "both", "own_log", "full")


@dataclass(frozen=True)
class ProcessPlan:
    """One process to start."""

    name: str
    """Label without the running number, e.g. ``sim_node``."""
    command: tuple[str, ...]
    unblocks_sigint: bool
    """True where the program is one of ours that starts with SIGINT blocked."""
    cwd: str | None
    environment: dict[str, str]
    shell: bool
    emulate_tty: bool
    output: str
    shutdown_on_exit: bool
    respawn: bool
    respawn_delay_s: float
    respawn_max_retries: int
    """Negative: without limit."""
    sigterm_timeout_s: float
    """From SIGINT to SIGTERM when the launch is shut down in an orderly way."""
    sigkill_timeout_s: float
    """From SIGTERM to SIGKILL."""


@dataclass(frozen=True)
class LogPlan:
    """A line to print."""

    message: str


@dataclass(frozen=True)
class ShutdownPlan:
    """End the launch."""

    reason: str


@dataclass(frozen=True)
class TimerPlan:
    """Steps to carry out later."""

    period_s: float
    cancel_on_shutdown: bool
    steps: tuple[Step, ...]


Step = ProcessPlan | LogPlan | ShutdownPlan | TimerPlan
