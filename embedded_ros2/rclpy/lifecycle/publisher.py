"""A publisher that is silent while its node is not active."""

from __future__ import annotations

from typing import Any

from ..publisher import Publisher
from .managed_entity import SimpleManagedEntity


class LifecyclePublisher(SimpleManagedEntity, Publisher):
    """Publishes between on_activate and on_deactivate alone."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        SimpleManagedEntity.__init__(self)
        Publisher.__init__(self, *args, **keywords)

    def publish(self, msg: Any) -> None:
        if self.is_activated:
            Publisher.publish(self, msg)
