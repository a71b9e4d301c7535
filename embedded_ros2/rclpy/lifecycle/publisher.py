"""A publisher that is silent while its node is not active."""

from __future__ import annotations

from typing import Any

from ..publisher import Publisher
from .managed_entity import ManagedEntity
from .transitions import TransitionCallbackReturn


class LifecyclePublisher(Publisher, ManagedEntity):
    """Publishes between on_activate and on_deactivate alone."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._enabled = False

    @property
    def is_activated(self) -> bool:
        return self._enabled

    def publish(self, msg: Any) -> None:
        if self._enabled:
            super().publish(msg)

    def on_activate(self, state: Any) -> TransitionCallbackReturn:
        self._enabled = True
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: Any) -> TransitionCallbackReturn:
        self._enabled = False
        return TransitionCallbackReturn.SUCCESS
