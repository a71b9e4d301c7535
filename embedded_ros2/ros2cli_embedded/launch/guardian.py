"""Kill the launched process groups if the launcher dies without being able to.

Runs as a process of its own: ``python -I -S guardian.py FOLDER``. It reads ``+GROUP`` and ``-GROUP``
lines from stdin and, when stdin ends, kills the groups that are still entered and removes the
folder of the launch. An orderly launch has struck them all off by then.
"""

import contextlib
import os
import shutil
import signal
import sys


def main() -> None:
    """Read until the launcher is gone, then kill what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    groups = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
