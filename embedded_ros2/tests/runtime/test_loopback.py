"""Which devices the sockets of DDS hear: none but the loopback, unless somebody says otherwise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from embedded_ros2_core.dds.domain import _configuration

# Prints the UDP sockets of a node that are bound to all addresses, and the device of each.
LIST = """
import os, socket, stat, rclpy
rclpy.init(args=[])
node = rclpy.create_node("a")
for name in os.listdir("/proc/self/fd"):
    try:
        number = int(name)
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            continue
    except OSError:
        continue
    with socket.socket(fileno=os.dup(number)) as one:
        if one.type == socket.SOCK_DGRAM and one.family == socket.AF_INET:
            if one.getsockname()[0] == "0.0.0.0":
                device = one.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
                print("device", device.rstrip(bytes(1)).decode() or "all")
"""
OWN_CONFIGURATION = """<CycloneDDS><Domain Id="any"><General><Interfaces>
<NetworkInterface address="127.0.0.1"/></Interfaces><AllowMulticast>false</AllowMulticast>
</General></Domain></CycloneDDS>"""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(socket, "SO_BINDTODEVICE"),
    reason="only Linux binds sockets to a device",
)


def devices(**environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [
        line.removeprefix("device ") for line in done.stdout.splitlines() if line.startswith("dev")
    ]


def may_bind() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        except PermissionError:
            return False
    return True


@pytest.mark.skipif(not may_bind(), reason="Linux before 5.7 lets only root bind to a device")
def test_what_listens_everywhere_hears_the_loopback_alone() -> None:
    found = devices()
    assert found
    assert set(found) == {"lo"}


def test_a_configuration_of_the_user_is_left_as_it_is() -> None:
    found = devices(CYCLONEDDS_URI=OWN_CONFIGURATION)
    assert found
    assert set(found) == {"all"}


@pytest.mark.parametrize(
    ("environment", "local"),
    [
        ({}, True),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, True),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, True),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, False),
        ({"ROS_STATIC_PEERS": "192.0.2.7"}, False),
    ],
)
def test_who_asks_for_the_network_gets_it(
    environment: dict[str, str], local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_STATIC_PEERS", "CYCLONEDDS_URI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    configuration = _configuration()
    assert configuration is not None
    assert configuration[1] is local
