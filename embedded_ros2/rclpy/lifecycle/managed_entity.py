"""What a managed node switches on and off with itself."""

from __future__ import annotations

from typing import Any


class ManagedEntity:
    """Told of every transition of its node."""

    def on_configure(self, state: Any) -> Any:
        from .transitions import TransitionCallbackReturn

        return TransitionCallbackReturn.SUCCESS

    on_cleanup = on_shutdown = on_activate = on_deactivate = on_error = on_configure
