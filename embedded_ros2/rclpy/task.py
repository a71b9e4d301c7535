"""Futures and tasks; a coroutine that awaits a Future resumes in the executor when it is done."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Future(Generic[T]):
    """The outcome of something that is not done yet."""

    def __init__(self, *, executor: Any = None) -> None:
        self._done = False
        self._cancelled = False
        self._result: T | None = None
        self._exception: BaseException | None = None
        self._exception_fetched = False
        self._callbacks: list[Callable[[Future[T]], Any]] = []
        self._wakers: list[Callable[[], None]] = []
        self._lock = threading.RLock()
        self._executor = executor

    def __del__(self) -> None:
        if getattr(self, "_exception", None) is not None and not self._exception_fetched:
            warnings.warn(
                f"The following exception was never retrieved: {self._exception}", stacklevel=1
            )

    def __await__(self) -> Generator[Future[T], None, T | None]:
        while not self._done:
            yield self
        return self.result()

    def _set_executor(self, executor: Any) -> None:
        self._executor = executor

    def cancel(self) -> None:
        with self._lock:
            if not self._done:
                self._cancelled = True
                self._finish()

    def cancelled(self) -> bool:
        return self._cancelled

    def done(self) -> bool:
        return self._done

    def result(self) -> T | None:
        """The result, None while not done; raises the exception that was set."""
        if self._exception is not None:
            self._exception_fetched = True
            raise self._exception
        return self._result

    def exception(self) -> BaseException | None:
        self._exception_fetched = True
        return self._exception

    def set_result(self, result: T) -> None:
        with self._lock:
            self._result = result
            self._finish()

    def set_exception(self, exception: BaseException) -> None:
        with self._lock:
            self._exception = exception
            self._exception_fetched = False
            self._finish()

    def _finish(self) -> None:
        if self._done:
            return
        self._done = True
        callbacks, self._callbacks = self._callbacks, []
        wakers, self._wakers = self._wakers, []
        for callback in callbacks:
            self._schedule(callback)
        for wake in wakers:
            wake()

    def _schedule(self, callback: Callable[[Future[T]], Any]) -> None:
        if self._executor is not None:
            self._executor.create_task(callback, self)
            return
        try:
            callback(self)
        except Exception as error:  # as rclpy: a failing callback must not break the setter
            warnings.warn(f"Unhandled exception in done callback: {error}", stacklevel=2)

    def add_done_callback(self, callback: Callable[[Future[T]], Any]) -> None:
        with self._lock:
            if not self._done:
                self._callbacks.append(callback)
                return
        self._schedule(callback)

    def _add_waker(self, wake: Callable[[], None]) -> None:
        """Call `wake` when done, in the setter's thread; for the executor's own use."""
        with self._lock:
            if not self._done:
                self._wakers.append(wake)
                return
        wake()


class Task(Future[T]):
    """A function or coroutine that an executor runs; calling the task runs it until its next
    await."""

    def __init__(
        self,
        handler: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        executor: Any = None,
    ) -> None:
        super().__init__(executor=executor)
        self._args, self._kwargs = args or (), kwargs or {}
        self._executing = threading.Lock()
        if inspect.iscoroutine(handler):
            self._handler: Any = handler
        elif inspect.iscoroutinefunction(handler):
            self._handler = handler(*self._args, **self._kwargs)
        else:
            self._handler = handler

    def __call__(self) -> None:
        # A resume may overtake the end of the step that asked for it: wait for that step.
        self._executing.acquire()
        try:
            if self._done:
                return
            if inspect.iscoroutine(self._handler):
                self._step()
            else:
                self.set_result(self._handler(*self._args, **self._kwargs))
        except Exception as error:
            self.set_exception(error)
        finally:
            self._executing.release()

    def _step(self) -> None:
        try:
            awaited = self._handler.send(None)
        except StopIteration as stop:
            self.set_result(stop.value)
            return
        if isinstance(awaited, Future):
            awaited._add_waker(self._resume)
        else:
            self._resume()

    def _resume(self) -> None:
        if self._executor is None:
            raise RuntimeError("a coroutine can only be awaited inside an executor")
        self._executor._enqueue_task(self)

    def executing(self) -> bool:
        return self._executing.locked()

    def cancel(self) -> None:
        if inspect.iscoroutine(self._handler) and not self._done:
            self._handler.close()
        super().cancel()
