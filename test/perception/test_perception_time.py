"""perception_node where time or frames are not as they should be: loops, stamps, other clocks, TF."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3DArray

from simreal_common.geometry import Pose
from simreal_common.ros_messages import pose_to_transform_stamped, to_stamp

Make = Callable[..., Any]


def camera_at(x: float, stamp: float, parent: str = "world") -> TFMessage:
    pose = Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    return TFMessage(
        transforms=[pose_to_transform_stamped(pose, parent, "optical", to_stamp(stamp))]
    )


def ids(message: Detection3DArray) -> list[str]:
    return [detection.id for detection in message.detections]


def test_a_clock_that_goes_back_begins_everything_anew(perception: Make) -> None:
    """/clock from 106 back to 40, as a bag that loops does it."""
    one = perception(use_sim_time=True, target_frame="world")
    told, fired = one.listen(Detection3DArray, "detections_in_target"), []
    one.node.create_timer(1.0, lambda: fired.append(one.node.get_clock().now().nanoseconds / 1e9))
    one.calibrate()

    def second(now: float, x: float) -> None:
        one.set_clock(now)
        one.call("/tf", camera_at(x, now))
        count = len(told)
        one.see(now)
        assert one.spin_until(lambda: len(told) > count)

    for now in (100.0, 101.0, 102.0, 106.0):
        second(now, 1.0)
    assert ids(told[-1]) == ["1"]
    before = len(fired)
    for now in (40.0, 41.0, 42.0, 43.0):
        second(now, 2.0)
        place = told[-1].detections[0].results[0].pose.pose.position
        assert place.x == pytest.approx(2.1)
    assert [ids(message) for message in told[-4:]] == [[""], [""], ["2"], ["2"]]
    assert fired[before:] == [41.0, 42.0, 43.0]


def test_a_bag_that_loops_without_a_clock_is_known_by_its_stamps(
    perception: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    one = perception(target_frame="world")
    told = one.listen(Detection3DArray, "detections_in_target")
    one.calibrate()
    one.call("/tf", camera_at(0.0, 104.0))
    one.call("/tf", camera_at(0.0, 106.0))
    for stamp in (104.0, 105.0, 106.0):
        one.see(stamp)
    assert one.spin_until(lambda: len(told) == 3)
    one.see(40.0)
    one.see(106.0)  # where the camera was then is not known any more
    assert not one.spin_until(lambda: len(told) > 3, 0.5)
    assert "".join(capfd.readouterr()).count("time has gone back") == 1


def test_images_that_are_not_stamped_are_followed_as_they_come(
    perception: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    one = perception(max_rate=1000.0)
    told = one.listen(Detection3DArray, "detections")
    one.calibrate()
    for count in range(1, 5):
        time.sleep(0.01)
        one.see(0.0)
        assert one.spin_until(lambda count=count: len(told) == count)
    assert ids(told[-1]) == ["1"]
    assert (told[-1].header.stamp.sec, told[-1].header.stamp.nanosec) == (0, 0)
    assert "".join(capfd.readouterr()).count("images are not stamped") == 1


def entry(one: Any, name: str, holds: Callable[[Any], bool]) -> DiagnosticStatus:
    """The first entry of that name in /diagnostics for which something holds."""
    told = one.listen(DiagnosticArray, "/diagnostics")
    found: list[DiagnosticStatus] = []

    def look() -> bool:
        found[:] = [s for m in told for s in m.status if s.name.endswith(f": {name}") and holds(s)]
        return bool(found)

    assert one.spin_until(look), told
    return found[0]


@pytest.mark.parametrize(
    ("stamp", "frame", "about", "says"),
    [
        (0.0, "optical", "stamp", "images are not stamped"),
        (5.0, "optical", "clock", "images are stamped by another clock"),
        (None, "", "frame", "images come without a frame_id"),
        (None, "elsewhere", "frame", "their camera_info is in 'optical'"),
    ],
)
def test_what_is_wrong_with_a_header_is_warned_of_and_in_the_diagnostics(
    perception: Make, capfd: pytest.CaptureFixture[str], stamp: float | None, frame: str,
    about: str, says: str,
) -> None:  # fmt: skip
    one = perception()
    one.calibrate()
    for _ in range(3):
        one.see(time.time() if stamp is None else stamp, frame)
    status = entry(one, "inputs", lambda s: s.level == DiagnosticStatus.WARN)
    assert status.message == about
    assert says in {value.key: value.value for value in status.values}[about]
    assert "".join(capfd.readouterr()).count(says) == 1
    # The detections are published all the same.
    assert one.estimator.calls == 3


def test_a_camera_with_two_parents_is_named(
    perception: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    one = perception(target_frame="world")
    one.calibrate()
    now = time.time()
    for number in range(4):
        one.call("/tf", camera_at(0.0, now + 0.01 * number, ("world", "tool")[number % 2]))
    one.see(now)
    said = "".join(capfd.readouterr())
    assert "frame 'optical' has two parents on TF, " in said
    assert entry(one, "inputs", lambda s: "TF frame optical" in s.message)


def test_good_images_are_not_complained_of(
    perception: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    one = perception()
    told = one.listen(Detection3DArray, "detections")
    one.calibrate()
    one.see(time.time())
    status = entry(one, "images", lambda s: s.level == DiagnosticStatus.OK)
    values = {value.key: value.value for value in status.values}
    assert float(values["latency, longest (ms)"]) < 1000
    assert float(values["images heard (1/s)"]) > 0
    assert float(values["age of camera_info (s)"]) < 20
    assert values["blocks"] == "1"
    assert entry(one, "inputs", lambda s: True).level == DiagnosticStatus.OK
    assert told
    assert "warn" not in "".join(capfd.readouterr()).lower()


def test_an_image_without_a_stamp_among_others_begins_nothing_anew(
    perception: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    one = perception()
    one.calibrate()
    for stamp in (50.0, 0.0, 50.2):
        one.see(stamp)
    assert "time has gone back" not in "".join(capfd.readouterr())
