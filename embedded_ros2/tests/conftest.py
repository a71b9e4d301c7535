"""What holds for all tests here."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, Pose, Quaternion
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import SetBool

# A shell that starts a test run in the background lets it ignore Ctrl-C, and so every process that
# a test starts: the tests of interrupts would wait for ever. A handler is not handed on; processes
# then start with the default.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(
    params=[
        lambda: Point(x=1),
        lambda: Point(x="1"),
        lambda: Pose(position=Quaternion()),
        lambda: JointState(name="abc"),
        lambda: JointState(name=[1]),
        lambda: Image(height=-1),
        lambda: Image(height=2**32),
        lambda: CameraInfo(k=[0.0] * 8),
        lambda: SetBool.Request(data=1),
        lambda: DiagnosticStatus(level=1),
    ]
)
def make_wrong(request: pytest.FixtureRequest) -> Any:
    """Makes a message with a value that rclpy refuses."""
    return request.param
