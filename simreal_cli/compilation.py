"""A word when what draws is compiled: once after installation, and a progress bar stands still then."""

from __future__ import annotations

import sys

WORDS = "compiling what draws images, once after installation: a minute or two of one core"


def tell_of_compilation() -> None:
    """From now on, say so on stderr the first time that Numba compiles; what it kept is only read."""
    from numba.core import event

    class Teller(event.Listener):  # type: ignore[misc]
        told = False

        def on_start(self, _: event.Event) -> None:
            if not self.told:
                self.told = True
                print(WORDS, file=sys.stderr, flush=True)

        def on_end(self, _: event.Event) -> None:
            """Nothing to say."""

    event.register("numba:compile", Teller())
