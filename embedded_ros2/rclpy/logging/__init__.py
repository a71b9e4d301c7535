"""Loggers: the console format of ROS 2, filters (throttle, once, skip_first), and /rosout."""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from embedded_ros2_core.arguments import RosArguments


class LoggingSeverity(IntEnum):
    UNSET = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50


_COLOURS = {10: "\033[32m", 20: "", 30: "\033[33m", 40: "\033[31m", 50: "\033[31m"}
_DEFAULT_FORMAT = "[{severity}] [{time}] [{name}]: {message}"
_levels: dict[str, int] = {}
_default_level = int(LoggingSeverity.INFO)
_console = True
_rosout: dict[str, Callable[[int, str, str, int, int, str, str], None]] = {}
_write_lock = threading.Lock()
_PACKAGE_DIR = os.path.dirname(os.path.abspath(__file__))


def _configure(arguments: RosArguments) -> None:
    global _default_level, _console
    _console = arguments.stdout
    for name, level in arguments.log_levels.items():
        if name:
            _levels[name] = level
        else:
            _default_level = level


def _coloured(stream: Any) -> bool:
    wanted = os.environ.get("RCUTILS_COLORIZED_OUTPUT")
    return (
        wanted == "1" if wanted in ("0", "1") else bool(getattr(stream, "isatty", lambda: False)())
    )


def _encodable(text: str, encoding: str) -> str:
    """The text with escapes for what `encoding` cannot write (lone surrogates, an ASCII locale)."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _emit(severity: int, name: str, message: str, frame: tuple[str, str, int] | None) -> None:
    stamp = time.time_ns()
    file, function, line = frame or ("", "", 0)
    label = LoggingSeverity(severity).name
    if _console:
        text = os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT", _DEFAULT_FORMAT)
        for key, value in (
            ("{severity}", label),
            ("{time}", f"{stamp // 10**9}.{stamp % 10**9:09d}"),
            ("{name}", name),
            ("{time_as_nanoseconds}", str(stamp)),
            ("{function_name}", function),
            ("{file_name}", file),
            ("{line_number}", str(line)),
            ("{message}", message),
        ):
            text = text.replace(key, value)
        stream = sys.stdout if os.environ.get("RCUTILS_LOGGING_USE_STDOUT") == "1" else sys.stderr
        if _coloured(stream):
            text = f"{_COLOURS[severity]}{text}\033[0m"
        text = _encodable(text, getattr(stream, "encoding", None) or "utf-8")
        with _write_lock:
            try:
                stream.write(text + "\n")
                stream.flush()
            except (
                OSError,
                ValueError,
            ):  # the reader of a pipe has gone; logging must not stop a node
                pass
    message = _encodable(message, "utf-8")
    # a child logger ('node.child') reports through its node
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        publish = _rosout.get(".".join(parts[:end]))
        if publish is not None:
            publish(severity, name, message, stamp, line, file, function)
            break


class RcutilsLogger:
    """get_logger(name); child loggers are 'name.child'."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._seen: dict[tuple[str, int], dict[str, Any]] = {}

    def get_child(self, name: str) -> RcutilsLogger:
        if not name:
            raise ValueError("Child logger name must not be empty.")
        return get_logger(f"{self.name}.{name}" if self.name else name)

    def set_level(self, level: int) -> None:
        _levels[self.name] = int(LoggingSeverity(level))

    def get_effective_level(self) -> LoggingSeverity:
        name = self.name
        while name:
            if _levels.get(name):
                return LoggingSeverity(_levels[name])
            name = name.rpartition(".")[0]
        return LoggingSeverity(_default_level)

    def is_enabled_for(self, severity: int) -> bool:
        return int(severity) >= int(self.get_effective_level())

    def log(
        self,
        message: Any,
        severity: int,
        *,
        name: str | None = None,
        once: bool = False,
        skip_first: bool = False,
        throttle_duration_sec: float | None = None,
        throttle_time_source_type: Any = None,
        **unknown: Any,
    ) -> bool:
        """Log `message`; the filters count per calling line. True when it was written."""
        if unknown:
            raise TypeError(
                f"unknown logging argument(s) {', '.join(unknown)}; known: name, once, skip_first, "
                "throttle_duration_sec, throttle_time_source_type"
            )
        severity = int(LoggingSeverity(severity))
        if not self.is_enabled_for(severity):
            return False
        frame: Any = inspect.currentframe()
        while (
            frame is not None
            and os.path.dirname(os.path.abspath(frame.f_code.co_filename)) == _PACKAGE_DIR
        ):
            frame = frame.f_back
        where = (
            (frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno)
            if frame is not None
            else None
        )
        del frame
        if (once or skip_first or throttle_duration_sec is not None) and where is not None:
            if not self._passes(
                (where[0], where[2]),
                once,
                skip_first,
                throttle_duration_sec,
                throttle_time_source_type,
            ):
                return False
        _emit(severity, name or self.name, str(message), where)
        return True

    def _passes(
        self,
        key: tuple[str, int],
        once: bool,
        skip_first: bool,
        throttle_s: float | None,
        clock: Any,
    ) -> bool:
        state = self._seen.setdefault(key, {"calls": 0, "last": None})
        state["calls"] += 1
        if once and state["calls"] > 1 and not skip_first:
            return False
        if once and skip_first and state["calls"] != 2:
            return False
        if skip_first and state["calls"] == 1:
            return False
        if throttle_s is not None:
            now = clock.now().nanoseconds if hasattr(clock, "now") else time.monotonic_ns()
            last = state["last"]
            if last is not None and 0 <= now - last < throttle_s * 1e9:
                return False
            state["last"] = now
        return True

    def debug(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.DEBUG, **kwargs)

    def info(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.INFO, **kwargs)

    def warning(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.WARN, **kwargs)

    warn = warning

    def error(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.ERROR, **kwargs)

    def fatal(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.FATAL, **kwargs)


_loggers: dict[str, RcutilsLogger] = {}


def get_logger(name: str) -> RcutilsLogger:
    if not name:
        raise ValueError("Logger name must not be empty.")
    return _loggers.setdefault(name, RcutilsLogger(name))


_root_logger = RcutilsLogger("")


def initialize() -> None:
    """Nothing to do; rclpy.init() configures logging."""


def shutdown() -> None:
    """Forget levels set at run time."""
    _levels.clear()


def set_logger_level(name: str, level: int, detailed_error: bool = False) -> None:
    _levels[name] = int(LoggingSeverity(level))


def get_logger_level(name: str) -> LoggingSeverity:
    return LoggingSeverity(_levels.get(name, 0))


def get_logger_effective_level(name: str) -> LoggingSeverity:
    return RcutilsLogger(name).get_effective_level()


def clear_config() -> None:
    _levels.clear()


def get_logging_severity_from_string(log_severity: str) -> LoggingSeverity:
    return LoggingSeverity[log_severity.upper()]


def _attach_rosout(name: str, publish: Callable[[int, str, str, int, int, str, str], None]) -> None:
    _rosout[name] = publish


def _detach_rosout(name: str) -> None:
    _rosout.pop(name, None)
