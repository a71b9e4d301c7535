"""Executors: wait for work without polling and run callbacks, in one thread or in many."""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from embedded_ros2_core.dds.library import DdsError

from .exceptions import NotInitializedException
from .task import Future, Task
from .utilities import get_default_context

_MIN_THREADS = 4
_FULL_LOOK_S = 0.1  # how often a saturated executor looks for shutdown


class ExternalShutdownException(Exception):
    """The context was shut down while an executor was spinning."""

    def __init__(self, *args: object) -> None:
        super().__init__("The ROS context was shut down" if not args else args[0])


class ShutdownException(Exception):
    """The executor was shut down."""


class TimeoutException(Exception):
    """Nothing to do before the timeout."""


class ConditionReachedException(Exception):
    """A wait condition became true."""


class TimeoutObject:
    """Use timeout= as a parameter that may be changed (rclpy has it; kept for imports)."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    @property
    def timeout(self) -> float:
        return self._timeout


async def await_or_execute(callback: Callable[..., Any], *args: Any) -> Any:
    """Call a function or await a coroutine function."""
    result = callback(*args)
    return await result if inspect.isawaitable(result) else result


class Executor:
    """Base: nodes, the waitset, the queue of tasks. `_run` is what single and multi threaded
    differ in."""

    def __init__(self, *, context: Any = None) -> None:
        self._context = context or get_default_context()
        participant = self._context.participant
        try:
            self._waitset = participant.waitset()
            self._guard = participant.guard()
        except DdsError:
            if self._context.ok():
                raise
            raise NotInitializedException() from None
        self._nodes: list[Any] = []
        self._nodes_lock = threading.RLock()
        self._tasks: deque[Task[Any]] = deque()
        self._batch: deque[Any] = deque()
        self._dirty = True
        self._timers: list[Any] = []
        self._sources: list[Any] = []
        self._failures: deque[BaseException] = deque()
        self._is_shutdown = False
        self._spinning = threading.Lock()
        self._idle_changed = threading.Condition()
        self._context._wakers.add(self.wake)

    @property
    def context(self) -> Any:
        return self._context

    # -- nodes
    # ----------------------------------------------------------------------------------------------------
    def add_node(self, node: Any) -> bool:
        with self._nodes_lock:
            if node in self._nodes:
                return False
            if node.executor is not None and node.executor is not self:
                node.executor.remove_node(node)
            self._nodes.append(node)
            node._rcl_set_executor(self)
        self._entities_changed()
        return True

    def remove_node(self, node: Any) -> None:
        with self._nodes_lock:
            if node in self._nodes:
                self._nodes.remove(node)
                node._rcl_set_executor(None)
        self._entities_changed()

    def get_nodes(self) -> list[Any]:
        with self._nodes_lock:
            return list(self._nodes)

    def _entities_changed(self) -> None:
        self._dirty = True
        self.wake()

    def wake(self) -> None:
        """Make a waiting spin look again; any thread may call it."""
        self._guard.trigger()

    # -- tasks
    # ----------------------------------------------------------------------------------------------------
    def create_task(self, callback: Any, *args: Any, **kwargs: Any) -> Task[Any]:
        """Run a function or coroutine in this executor."""
        task: Task[Any] = Task(callback, args, kwargs, executor=self)
        self._enqueue_task(task)
        return task

    def _enqueue_task(self, task: Task[Any]) -> None:
        self._tasks.append(task)
        self.wake()

    # -- waiting
    # --------------------------------------------------------------------------------------------------
    def _refresh(self) -> None:
        """Attach what may run now; leave out what waits for its callback group."""
        self._dirty = False
        with self._nodes_lock:
            nodes = list(self._nodes)
        sources, timers = [], []
        for node in nodes:
            sources.extend(node._rcl_sources())
            timers.extend(node._rcl_timer_list())
        self._sources, self._timers = sources, timers
        members: dict[int, object] = {self._guard.entity: self}
        for source in sources:
            if source.callback_group is None or source.callback_group.can_execute(source):
                members[source.condition_entity] = source
            else:
                self._dirty = True
        self._waitset.set_members(members)

    def _timer_timeout_ns(self) -> int | None:
        shortest: int | None = None
        for timer in self._timers:
            if timer.callback_group is not None and not timer.callback_group.can_execute(timer):
                continue
            left = timer._wall_time_left_ns()
            if left is not None and (shortest is None or left < shortest):
                shortest = left
        return shortest

    def _fill_batch(self, timeout_ns: int | None) -> None:
        if self._dirty:
            self._refresh()
        wait_ns = self._timer_timeout_ns()
        if timeout_ns is not None:
            wait_ns = timeout_ns if wait_ns is None else min(wait_ns, timeout_ns)
        if self._tasks:
            wait_ns = 0
        ready = self._waitset.wait(wait_ns)
        for timer in self._timers:
            if timer._is_due():
                self._batch.append(timer)
        for thing in ready:
            if thing is self:
                self._guard.consume()
            else:
                self._batch.append(thing)

    def _pop_ready(self) -> Task[Any] | _Work | None:
        """The next thing to run; None when the batch is used up."""
        while self._tasks:
            task = self._tasks.popleft()
            if not task.done():
                return task
        while self._batch:
            entity = self._batch.popleft()
            if entity._destroyed:
                continue
            group = entity.callback_group
            if group is not None and not group.beginning_execution(entity):
                self._dirty = True
                continue
            work = None
            try:
                work = entity._take_work()
            except DdsError:
                if self._context.ok():
                    raise
                raise ExternalShutdownException() from None
            finally:
                if work is None and group is not None:
                    group.ending_execution(entity)
            if work is not None:
                return _Work(self, entity, group, work)
        return None

    def _next(
        self, timeout_sec: float | None, until: Callable[[], bool] | None = None
    ) -> Task[Any] | _Work:
        deadline = (
            None
            if timeout_sec is None or timeout_sec < 0
            else time.monotonic_ns() + int(timeout_sec * 1e9)
        )
        first = True
        while True:
            if self._failures:
                raise self._failures.popleft()
            full = self._is_full()
            item = None if full else self._pop_ready()
            if item is not None:
                return item
            if self._is_shutdown:
                raise ShutdownException()
            if not self._context.ok():
                raise ExternalShutdownException()
            if until is not None and until():
                raise ConditionReachedException()
            left = None if deadline is None else max(deadline - time.monotonic_ns(), 0)
            if left == 0 and not first:
                raise TimeoutException()
            first = False
            if full:
                self._wait_for_room(left)
                continue
            try:
                self._fill_batch(left)
            except DdsError:
                if not self._context.ok():
                    raise ExternalShutdownException() from None
                raise

    def _is_full(self) -> bool:
        """All threads are busy: leave work where it is, so that queues keep to their depth."""
        return False

    def _wait_for_room(self, timeout_ns: int | None) -> None:
        raise NotImplementedError

    # -- spinning
    # -------------------------------------------------------------------------------------------------
    def _run(self, item: Task[Any] | _Work) -> None:
        raise NotImplementedError

    def _spin_once_impl(
        self, timeout_sec: float | None = None, until: Callable[[], bool] | None = None
    ) -> None:
        if not self._spinning.acquire(blocking=False):
            raise RuntimeError("Executor is already spinning")
        try:
            self._run(self._next(timeout_sec, until))
        except (ShutdownException, TimeoutException, ConditionReachedException):
            pass
        finally:
            self._spinning.release()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it; return after `timeout_sec` without one."""
        self._spin_once_impl(timeout_sec)

    def spin(self) -> None:
        """Run callbacks until shutdown."""
        while self._context.ok() and not self._is_shutdown:
            self._spin_once_impl()

    def spin_until_future_complete(
        self, future: Future[Any], timeout_sec: float | None = None
    ) -> None:
        future._add_waker(self.wake)
        deadline = (
            None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        )
        while self._context.ok() and not future.done() and not self._is_shutdown:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self._spin_once_impl(left, future.done)

    def spin_once_until_future_complete(
        self, future: Future[Any], timeout_sec: float | None = None
    ) -> None:
        future._add_waker(self.wake)
        self._spin_once_impl(timeout_sec, future.done)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop spinning and wait for callbacks under way; False at the timeout."""
        self._is_shutdown = True
        self.wake()
        with self._idle_changed:
            # a coroutine that waits will never go on, so only work in other threads is waited for
            finished = self._idle_changed.wait_for(self._idle, timeout_sec)
        if finished:
            for node in self.get_nodes():
                self.remove_node(node)
            self._context._wakers.discard(self.wake)
            self._waitset.close()
            self._guard.close()
        return finished

    def _idle(self) -> bool:
        return True

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()


class _Work:
    """One callback that is ready to run, with its group already entered."""

    __slots__ = ("_entity", "_executor", "_group", "_work")

    def __init__(
        self, executor: Executor, entity: Any, group: Any, work: Callable[[], Any]
    ) -> None:
        self._executor, self._entity, self._group, self._work = executor, entity, group, work

    def __call__(self) -> None:
        result = None
        try:
            result = self._work()
        finally:
            if not inspect.iscoroutine(result):
                self._leave()
        if inspect.iscoroutine(result):
            task: Task[Any] = Task(self._rest(result), executor=self._executor)
            task()
            if task.done() and task._exception is not None:
                raise task.exception()  # type: ignore[misc]

    async def _rest(self, coroutine: Any) -> Any:
        try:
            return await coroutine
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._group is not None:
            self._group.ending_execution(self._entity)


def _call(item: Task[Any] | _Work) -> None:
    """Run it and raise what it raised."""
    item()
    if isinstance(item, Task) and item.done() and item._exception is not None:
        raise item.exception()  # type: ignore[misc]


class SingleThreadedExecutor(Executor):
    """Runs every callback in the thread that spins."""

    def _run(self, item: Task[Any] | _Work) -> None:
        _call(item)


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool; callback groups say what may run at the same time."""

    def __init__(self, num_threads: int | None = None, *, context: Any = None) -> None:
        super().__init__(context=context)
        # On small machines more threads than cores: callbacks that block on a service need a
        # second one.
        self._threads = num_threads or max(os.cpu_count() or _MIN_THREADS, _MIN_THREADS)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="rclpy")
        self._running = 0

    def _is_full(self) -> bool:
        return self._running >= self._threads

    def _wait_for_room(self, timeout_ns: int | None) -> None:
        limit_s = _FULL_LOOK_S if timeout_ns is None else min(timeout_ns / 1e9, _FULL_LOOK_S)
        with self._idle_changed:
            self._idle_changed.wait_for(lambda: not self._is_full(), limit_s)

    def _run(self, item: Task[Any] | _Work) -> None:
        with self._idle_changed:
            self._running += 1
        self._pool.submit(self._work, item)

    def _work(self, item: Task[Any] | _Work) -> None:
        try:
            _call(item)
        except BaseException as error:  # raised again by the spinning thread
            self._failures.append(error)
        finally:
            with self._idle_changed:
                self._running -= 1
                self._idle_changed.notify_all()
            self.wake()  # what waited for this callback's group may run now

    def _idle(self) -> bool:
        return self._running == 0

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        finished = super().shutdown(timeout_sec)
        self._pool.shutdown(wait=False)
        return finished
