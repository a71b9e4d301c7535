"""Batches one after another, drawn ahead in a thread if wanted; always the same ones."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numba
import numpy as np

from simreal_perception.tasks import Source, draw_apart


@dataclass(frozen=True, eq=False)
class Drawn:
    """A batch and how to go on from it.

    Attributes:
        batch: what `Source.draw` gave, or the error that it raised.
        generator: state of the source's generator after this batch: a run that has learned the
            batch and is resumed goes on from there, however far ahead was drawn.
    """

    batch: Any
    generator: dict[str, Any]


class Batches:
    """An iterator over `count` batches; leave its context to stop the thread.

    Args:
        source: where they come from; nobody else may draw from it meanwhile.
        size: pictures a batch.
        count: number of batches.
        ahead: how many are drawn ahead; 0 draws in the caller's thread.
        threads: CPU threads for drawing.

    Attributes:
        waited_s: seconds that the caller has waited for batches so far.
    """

    def __init__(self, source: Source, size: int, count: int, ahead: int, threads: int) -> None:
        self._source, self._size, self._count, self._threads = source, size, count, threads
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
            yield drawn

    def _draw(self) -> Drawn:
        numba.set_num_threads(min(self._threads, numba.config.NUMBA_NUM_THREADS))  # per thread
        batch = self._source.draw(self._size)
        return Drawn(batch, dict(self._source.rng.bit_generator.state))

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
        size: pictures a batch.
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
