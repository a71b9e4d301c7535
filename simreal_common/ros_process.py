"""One node as one process: start, spin, end with the right exit code."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from simreal_common.errors import SimrealError
from simreal_common.output_streams import write_any_text

EXIT_DONE = 0
EXIT_USER_ERROR = 2

# What a node's constructor raises for wrong --ros-args; the classes lie in a private module.
BAD_ARGUMENTS = ("RCLError", "RCLInvalidROSArgsError", "UnknownROSArgsError")


class NodeFinished(Exception):
    """Raised in a callback: the node's work is done, the process ends with this exit code."""

    def __init__(self, exit_code: int = EXIT_DONE) -> None:
        super().__init__(f"finished with exit code {exit_code}")
        self.exit_code = exit_code


def run_node(
    factory: Callable[[], Node],
    args: Sequence[str] | None = None,
    threads: int = 1,
    told_to_end: int = EXIT_DONE,
) -> int:
    """Run the node that `factory` makes until it ends or is told to.

    The node is always destroyed: what has to be closed (files, clients) belongs in its
    `destroy_node`. ROS is still up then, after a signal too, so that it can send a last word. A
    `SimrealError`, from the factory or a callback, is printed as one line.

    Args:
        factory: makes the node; called after `rclpy.init`.
        args: command line without the program's name; None takes `sys.argv`.
        threads: number of threads that serve callbacks.
        told_to_end: exit code after SIGINT, SIGTERM or a shutdown.

    Returns:
        Exit code: `told_to_end`, that of `NodeFinished`, or 2 for an error that the user can mend.
    """
    write_any_text()
    told: Future = Future()
    with _signals_complete(told) as interrupt:
        code = _run(
            factory, None if args is None else [sys.argv[0], *args], threads, told, interrupt
        )
        return told_to_end if code is None else code


class _Interrupt:
    """Handler of SIGINT that raises KeyboardInterrupt once, and where that is waited for alone.

    One that comes between two lines of starting or ending would be a traceback.
    """

    def __init__(self) -> None:
        self._awaited = self._came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        if self._awaited:
            self._awaited = False
            raise KeyboardInterrupt

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Where KeyboardInterrupt may be raised, at once if the signal has come before."""
        told_by = sys.unraisablehook

        def again(swallowed: sys.UnraisableHookArgs) -> None:
            # In a finalizer, or a function that C calls, it ends nothing: it comes again, elsewhere.
            if not issubclass(swallowed.exc_type, KeyboardInterrupt):
                return told_by(swallowed)
            self._awaited = True
            main = threading.main_thread().ident  # which the signal wakes, if it waits
            threading.Timer(0.01, signal.pthread_kill, (main, signal.SIGINT)).start()

        sys.unraisablehook = again
        self._awaited = True
        try:
            if self._came:
                raise KeyboardInterrupt
            yield
        finally:
            self._awaited = False
            sys.unraisablehook = told_by


def _run(
    factory: Callable[[], Node],
    args: Sequence[str] | None,
    threads: int,
    told: Future,
    interrupt: _Interrupt,
) -> int | None:
    """The exit code; None: the node was told to end."""
    try:
        with interrupt.awaited():
            # rclpy's own handlers would end the context, and with it all that a node could still say.
            rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except KeyboardInterrupt:
        rclpy.try_shutdown()
        return None
    except Exception as error:  # its class lies in a private module of rclpy
        return _fail(f"cannot start: {_one_line(error)}; check the arguments behind --ros-args")
    node: Node | None = None
    executor = SingleThreadedExecutor() if threads == 1 else MultiThreadedExecutor(threads)
    try:
        with interrupt.awaited():
            node = factory()
            executor.add_node(node)
            executor.spin_until_future_complete(told)
        return None
    except NodeFinished as finished:
        return finished.exit_code
    except (KeyboardInterrupt, ExternalShutdownException):
        return None
    except SimrealError as error:
        return _fail(_one_line(error))
    except Exception as error:
        if node is None and type(error).__name__ in BAD_ARGUMENTS:
            return _fail(f"cannot start: {_one_line(error)}; check the arguments and YAML files")
        if node is None and isinstance(error, NameValidationException):  # its last line is a caret
            name = _one_line(error).removesuffix(" ^")
            return _fail(f"cannot start: {name}; check the names behind --ros-args")
        if not rclpy.ok():  # the context went away under a call: a shutdown, not a mistake
            return None
        raise
    finally:
        # Undisturbed: Ctrl-C reaches a node twice, from the terminal and from the launch.
        if node is not None:
            executor.remove_node(node)
            node.destroy_node()
        executor.shutdown(timeout_sec=0.0)
        rclpy.try_shutdown()


@contextmanager
def _signals_complete(told: Future) -> Iterator[_Interrupt]:
    """SIGINT and SIGTERM complete a future; SIGINT interrupts the main thread's Python as well.

    A main thread that waits inside DDS runs no handlers. The interpreter's wake-up descriptor gets
    a signal's number at once, and a thread reads it.
    """
    interrupt = _Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(reader, told), name="signals", daemon=True)
    watcher.start()
    kept_descriptor = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    kept = (
        signal.signal(signal.SIGINT, interrupt),
        signal.signal(signal.SIGTERM, lambda *_: None),
    )
    try:
        yield interrupt
    finally:
        signal.set_wakeup_fd(kept_descriptor)
        writer.close()
        watcher.join()
        reader.close()
        # The last: who set them is back.
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), kept, strict=True):
            signal.signal(number, handler)


def _watch(reader: socket.socket, told: Future) -> None:
    while numbers := reader.recv(64):
        if {signal.SIGINT, signal.SIGTERM} & set(numbers) and not told.done():
            told.set_result(None)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr, flush=True)
    return EXIT_USER_ERROR
