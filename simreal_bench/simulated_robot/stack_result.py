"""How one run of the bench went."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StackResult:
    """How one run went.

    Args:
        seed, blocks: what was asked for.
        success, reason, placed: the judge's verdict.
        simulated_s: until the task said that it was done.
        wall_s: of the whole run.
        placement_mm: of each block of the tower, beside the one below it.
        plan_ms: time spent on planning, a block that was placed.
        collisions: (simulated time, link, what it touched).
        limit_violations: ticks with a joint beyond its limits.
        tracking_rad: largest distance of a joint from its trajectory.
        finished, claimed: whether the task ended by itself; as having done what it should.
        old_data: (simulated time, words) of each motion on data older than its bound.
        restless_hand: (simulated time, words) of each action of the hand while the arm moved.
        obstacles: how many stood on the table.
        log: what the task said, with the time.
    """

    seed: int
    blocks: int
    success: bool
    reason: str
    placed: int
    simulated_s: float
    wall_s: float
    placement_mm: tuple[float, ...]
    plan_ms: float
    collisions: tuple[tuple[float, str, str], ...]
    limit_violations: int
    tracking_rad: float
    finished: bool = True
    claimed: bool = True
    old_data: tuple[tuple[float, str], ...] = ()
    restless_hand: tuple[tuple[float, str], ...] = ()
    obstacles: int = 0
    log: tuple[str, ...] = field(repr=False, default=())

    @property
    def last_words(self) -> str:
        """What the task said last."""
        return self.log[-1] if self.log else ""

    @property
    def cause(self) -> str:
        """Why it failed, as a kind: the last thing that went wrong, without numbers."""
        if self.success:
            return ""
        words = (self.last_words or self.reason).split(" ", 1)[-1].split(":")[0].split(";")[0]
        return " ".join(w for w in words.split() if not any(c.isdigit() for c in w))[:80]
