"""Guard conditions: wake an executor from any thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class GuardCondition:
    """Made by Node.create_guard_condition()."""

    def __init__(
        self, callback: Callable[[], Any] | None, callback_group: Any, context: Any = None
    ) -> None:
        from .utilities import get_default_context

        self._guard = (context or get_default_context()).participant.guard()
        self.condition_entity = self._guard.entity
        self.callback, self.callback_group = callback, callback_group
        self._destroyed = False

    def trigger(self) -> None:
        self._guard.trigger()

    def _take_work(self) -> Callable[[], Any] | None:
        return self.callback if self._guard.consume() else None

    def destroy(self) -> None:
        self._destroyed = True
        self._guard.close()

    _close = destroy
