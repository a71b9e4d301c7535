"""Batches one after another, drawn ahead in a thread if wanted; always the same ones."""

from __future__ import annotations

import collections
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numba
import numpy as np

from simreal_perception.training.tasks.task import (
    FEEDBACK_LAG,
    LearnsFromLosses,
    Source,
    draw_apart,
)

Feedback = tuple[Any, list[float] | None]  # a batch's key and its losses, if there are any


@dataclass(frozen=True, eq=False)
class Drawn:
    """A batch and how to go on from it.

    Attributes:
        batch: what `Source.draw` gave, or the error that it raised.
        generator: state of the source's generator after this batch: a run that has learned the
            batch and is resumed goes on from there, however far ahead was drawn.
        state: likewise what the source has kept of losses; None if it is told none.
    """

    batch: Any
    generator: dict[str, Any]
    state: dict[str, Any] | None = None


@dataclass(frozen=True)
class Position:
    """Between two batches: from where a resumed run draws on. Made of what JSON can hold.

    Attributes:
        generator: state of the source's generator.
        state: what the source has kept of losses; None if it is told none.
        untold: batches of which it is yet to be told, the oldest first.
    """

    generator: dict[str, Any]
    state: dict[str, Any] | None = None
    untold: tuple[Feedback, ...] = ()


class Batches:
    """An iterator over `count` batches; leave its context to stop the thread.

    Args:
        source: where they come from; nobody else may draw from it meanwhile.
        size: images a batch.
        count: number of batches.
        ahead: how many are drawn ahead, up to `MOST_PREFETCH`; 0 draws in the caller's thread.
        threads: CPU threads for drawing.
        start: from where to draw on; None for the source as it is.

    Attributes:
        waited_s: seconds that the caller has waited for batches so far.
    """

    def __init__(
        self, source: Source, size: int, count: int, ahead: int, threads: int,
        start: Position | None = None,
    ) -> None:  # fmt: skip
        self._source, self._size, self._count, self._threads = source, size, count, threads
        self._hears = source if isinstance(source, LearnsFromLosses) else None
        untold = start.untold if start else ()
        # The same entries twice: those that the source is yet to be told by the time it draws on,
        # and those that it would be yet to be told if the run were resumed from what was learned.
        self._untold = collections.deque(untold)
        self._recent = collections.deque(untold, maxlen=FEEDBACK_LAG)
        self._silent = FEEDBACK_LAG - len(untold)  # batches to draw before the first is told
        if start:
            source.rng.bit_generator.state = start.generator
            if self._hears and start.state is not None:
                self._hears.restore(start.state)
        self._queue: queue.Queue[Drawn] = queue.Queue(maxsize=max(ahead, 1))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._fill, daemon=True) if ahead else None
        self.waited_s = 0.0

    def __enter__(self) -> Batches:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def __iter__(self) -> Iterator[Drawn]:
        for _ in range(self._count):
            start = time.perf_counter()
            drawn = self._queue.get() if self._thread else self._draw()
            self.waited_s += time.perf_counter() - start
            if isinstance(drawn.batch, BaseException):
                raise drawn.batch
            self._losses: list[float] | None = None
            yield drawn
            if self._hears:
                feedback = (drawn.batch.key, self._losses)
                self._recent.append(feedback)
                self._untold.append(feedback)

    @property
    def wants_losses(self) -> bool:
        """Whether the source learns from the losses of its images."""
        return self._hears is not None

    def learned(self, losses: list[float]) -> None:
        """Tell the losses of the images of the batch that came last."""
        self._losses = losses

    def after(self, drawn: Drawn) -> Position:
        """From where to draw on once `drawn`, the batch that came last, is learned."""
        if not self._hears:
            return Position(drawn.generator)
        untold = [*self._recent, (drawn.batch.key, self._losses)][-FEEDBACK_LAG:]
        return Position(drawn.generator, drawn.state, tuple(untold))

    def _draw(self) -> Drawn:
        numba.set_num_threads(min(self._threads, numba.config.NUMBA_NUM_THREADS))  # per thread
        if self._hears and self._silent > 0:
            self._silent -= 1
        elif self._hears:
            # It is there: of the batches before this one at most `ahead` are queued and one is being
            # learned; all others are entered.
            key, losses = self._untold.popleft()
            if losses is not None:
                self._hears.learned(key, losses)
        batch = self._source.draw(self._size)
        state = self._hears.state() if self._hears else None
        return Drawn(batch, dict(self._source.rng.bit_generator.state), state)

    def _fill(self) -> None:
        for _ in range(self._count):
            try:
                drawn = self._draw()
            except BaseException as error:  # the caller's thread raises it
                drawn = Drawn(error, {})
            while not self._stop.is_set():
                try:
                    self._queue.put(drawn, timeout=0.1)
                    break
                except queue.Full:
                    continue
            if self._stop.is_set() or not drawn.generator:
                return


class RepeatedSource:
    """A few batches of another source, again and again in random order.

    Args:
        source: where the batches come from.
        count: how many there are.
        size: images a batch.
        seed: of the batches; the order comes from the source's generator.
    """

    def __init__(self, source: Source, count: int, size: int, seed: int) -> None:
        self.rng: np.random.Generator = source.rng
        self.size = size
        self.batches = [draw_apart(source, size, seed + number) for number in range(count)]

    def draw(self, count: int) -> Any:
        """One of the batches."""
        assert count == self.size, "a repeated batch cannot be cut"
        return self.batches[self.rng.integers(len(self.batches))]
