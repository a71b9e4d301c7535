"""Sockets of DDS that hear the loopback alone.

Cyclone DDS sends on the interfaces that it is given, but listens on all: its sockets are bound to
0.0.0.0, and no option says otherwise. The kernel can be told afterwards, socket by socket.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat

_DEVICE = b"lo"
_ANY = "0.0.0.0"
# The ports of a domain, as the RTPS specification numbers them.
_FIRST_PORT, _PORTS_OF_A_DOMAIN = 7400, 250


def keep_to_loopback(domain_id: int) -> None:
    """Have this process's sockets of a domain hear no other device.

    Where the kernel does not let an ordinary user do so (Linux before 5.7, other systems) they stay
    as they are.
    """
    first = _FIRST_PORT + _PORTS_OF_A_DOMAIN * domain_id
    ports = range(first, first + _PORTS_OF_A_DOMAIN)
    with contextlib.suppress(OSError, AttributeError):
        for name in os.listdir("/proc/self/fd"):
            _confine(int(name), ports)


def _confine(descriptor: int, ports: range) -> None:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return
        copy = os.dup(descriptor)  # may be closed; both mean the same socket
    except OSError:  # closed meanwhile
        return
    with socket.socket(fileno=copy) as copied:
        if copied.family != socket.AF_INET or copied.type != socket.SOCK_DGRAM:
            return
        address, port = copied.getsockname()
        if address == _ANY and port in ports:
            copied.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _DEVICE)
