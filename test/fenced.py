"""Runs a command where every packet that is not for this machine is counted, and none arrives.

For `unshare --net --mount --map-root-user`: beside the loopback there is one interface that leads
nowhere, with the default route and the name server behind it. The last line of stdout is JSON: `code`
of the command (minus the signal where one ended it) and `packets`. With `--until TEXT` the command
is interrupted (Ctrl-C) once it has said so.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

OUTSIDE, BEYOND = "outside", "beyond"


def fence() -> None:
    """Set up the interfaces; all of it is gone with the namespace."""
    ip("link", "set", "lo", "up")
    ip("link", "add", OUTSIDE, "type", "veth", "peer", "name", BEYOND)
    for name in (OUTSIDE, BEYOND):
        # The kernel itself speaks on a new interface with IPv6, and asks for addresses with ARP.
        switch = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
        if switch.exists():
            switch.write_text("1")
        ip("link", "set", name, "arp", "off", "up")
    ip("addr", "add", "10.99.0.1/24", "dev", OUTSIDE)
    ip("route", "add", "default", "via", "10.99.0.2")
    with tempfile.NamedTemporaryFile("w", delete=False) as names:
        names.write("nameserver 10.99.0.53\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", names.name, "/etc/resolv.conf"], check=True)
    Path(names.name).unlink()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def packets() -> int:
    """How many were sent to the outside."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == OUTSIDE:
            return int(counts.split()[9])
    raise RuntimeError(f"no interface {OUTSIDE}")


def run(command: list[str], until: str) -> int:
    """Run it; its output goes to stderr."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        sys.stderr.write(line)
        if until and until in line:
            process.send_signal(signal.SIGINT)
            until = ""
    return process.wait()


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    words = sys.argv[1:]
    until = ""
    if words[0] == "--until":
        until, words = words[1], words[2:]
    fence()
    before = packets()
    code = run(words, until)
    print(json.dumps({"code": code, "packets": packets() - before}))


if __name__ == "__main__":
    main()
