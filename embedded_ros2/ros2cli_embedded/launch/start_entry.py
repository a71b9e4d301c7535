"""Start the function of an entry point, so that Ctrl-C before its first line is quiet.

Runs as a process of its own: ``python start_entry.py MODULE:FUNCTION NAME ARGUMENT...``. Whoever starts
it may block SIGINT: an interpreter that hears it while it starts itself shows a traceback of its own
modules. One that comes meanwhile is not lost, it ends the process here.
"""

import operator
import os
import signal
import sys


def main() -> None:
    """Load the entry point and call it, with the rest of the command line as its own."""
    # Nothing is open yet: while libraries load the process just goes, as a C program would.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]  # the launcher's modules are none of the program's
    entry = sys.argv[1]
    sys.argv[:2] = []
    module, _, function = entry.partition(":")
    loaded = __import__(module, fromlist=["*"])  # as importlib does it, which takes time to load
    call = operator.attrgetter(function)(loaded)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(call())


if __name__ == "__main__":
    main()
