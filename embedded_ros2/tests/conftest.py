"""What holds for all tests here."""

from __future__ import annotations

import signal

# A shell that starts a test run in the background lets it ignore Ctrl-C, and so every process that
# a test starts: the tests of interrupts would wait for ever. A handler is not handed on; processes
# then start with the default.
signal.signal(signal.SIGINT, signal.default_int_handler)
