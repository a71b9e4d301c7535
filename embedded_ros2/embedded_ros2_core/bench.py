"""Measure the runtime between two processes: `python -m embedded_ros2_core.bench`.

Images: 640x480 rgb8 at 30 Hz, best effort as cameras do (depth 5). Joint states: 500 Hz, reliable,
depth 200 (0.4 s).
Latency is from publish() to the callback, both processes on one clock; CPU is of one core, whole
process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from typing import Any

JOINTS = [f"panda_joint{i}" for i in range(1, 8)]
SETTLE_S = 0.5


def _message(kind: str, counter: int) -> Any:
    if kind == "image":
        from sensor_msgs.msg import Image

        message = Image(height=480, width=640, encoding="rgb8", step=1920)
        message.data = _PIXELS
    else:
        from sensor_msgs.msg import JointState

        message = JointState(name=JOINTS, position=[0.1] * 7, velocity=[0.0] * 7, effort=[0.0] * 7)
    now = time.time_ns()
    message.header.stamp.sec, message.header.stamp.nanosec = now // 10**9, now % 10**9
    message.header.frame_id = str(counter)
    return message


_PIXELS = bytes(640 * 480 * 3)


def _kind(kind: str) -> tuple[Any, Any]:
    from rclpy.qos import QoSProfile, qos_profile_sensor_data
    from sensor_msgs.msg import Image, JointState

    return (
        (Image, qos_profile_sensor_data) if kind == "image" else (JointState, QoSProfile(depth=200))
    )


def publish(kind: str, rate_hz: float, seconds: float) -> None:
    """The sending process: publishes from a timer once somebody listens, prints its figures as
    JSON."""
    import rclpy

    rclpy.init(args=[])
    node = rclpy.create_node("bench_publisher")
    message_type, qos = _kind(kind)
    publisher = node.create_publisher(message_type, "bench", qos)
    while publisher.get_subscription_count() == 0:
        time.sleep(0.01)
    time.sleep(SETTLE_S)
    sent, total = 0, int(rate_hz * seconds)
    done: rclpy.Future[None] = rclpy.Future()

    def tick() -> None:
        nonlocal sent
        publisher.publish(_message(kind, sent))
        sent += 1
        if sent == total:
            timer.cancel()
            done.set_result(None)

    timer = node.create_timer(1.0 / rate_hz, tick)
    wall, cpu = time.monotonic(), time.process_time()
    rclpy.spin_until_future_complete(node, done)
    cpu = (time.process_time() - cpu) / (time.monotonic() - wall)
    publisher.wait_for_all_acked()
    print(json.dumps({"sent": sent, "cpu_percent": round(100 * cpu, 2)}))
    rclpy.shutdown()


def receive(kind: str, rate_hz: float, seconds: float) -> None:
    """The receiving process: prints latency and loss as JSON."""
    import rclpy

    rclpy.init(args=[])
    node = rclpy.create_node("bench_subscriber")
    message_type, qos = _kind(kind)
    latencies: list[float] = []
    seen: set[int] = set()
    total = int(rate_hz * seconds)
    cpu, wall = 0.0, 0.0

    def take(message: Any) -> None:
        nonlocal cpu, wall
        now = time.time_ns()
        if not seen:
            cpu, wall = time.process_time(), time.monotonic()
        stamp = message.header.stamp
        latencies.append((now - stamp.sec * 10**9 - stamp.nanosec) / 1e6)
        seen.add(int(message.header.frame_id))

    node.create_subscription(message_type, "bench", take, qos)
    quiet_since = time.monotonic()
    while len(seen) < total and time.monotonic() - quiet_since < 5.0:
        before = len(seen)
        rclpy.spin_once(node, timeout_sec=1.0)
        if len(seen) != before:
            quiet_since = time.monotonic()
    cpu = (time.process_time() - cpu) / max(time.monotonic() - wall, 1e-9)
    ordered = sorted(latencies) or [float("nan")]
    print(
        json.dumps(
            {
                "received": len(seen),
                "p50_ms": round(ordered[len(ordered) // 2], 3),
                "p99_ms": round(ordered[int(len(ordered) * 0.99)], 3),
                "max_ms": round(ordered[-1], 3),
                "cpu_percent": round(100 * cpu, 2),
            }
        )
    )
    rclpy.shutdown()


def run_case(kind: str, rate_hz: float, seconds: float) -> dict[str, float]:
    """Start both processes in a domain of their own and join their figures."""
    environment = {**os.environ, "ROS_DOMAIN_ID": str(random.randint(100, 200))}
    command = [
        sys.executable,
        "-m",
        "embedded_ros2_core.bench",
        "--rate",
        str(rate_hz),
        "--seconds",
        str(seconds),
    ]
    start = {
        role: subprocess.Popen(
            [*command, "--role", role, "--kind", kind],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for role in ("receive", "publish")
    }
    parts = {
        role: json.loads(process.communicate(timeout=seconds + 60)[0])
        for role, process in start.items()
    }
    got, put = parts["receive"], parts["publish"]
    return {
        "sent": put["sent"],
        "lost": put["sent"] - got["received"],
        "p50_ms": got["p50_ms"],
        "p99_ms": got["p99_ms"],
        "max_ms": got["max_ms"],
        "publisher_cpu_percent": put["cpu_percent"],
        "subscriber_cpu_percent": got["cpu_percent"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each measurement, s")
    parser.add_argument("--role", choices=["publish", "receive"], help=argparse.SUPPRESS)
    parser.add_argument("--kind", choices=["image", "joints"], help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=float, default=30.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        (publish if options.role == "publish" else receive)(
            options.kind, options.rate, options.seconds
        )
        return
    for kind, label, rate in (
        ("image", "640x480 rgb8 at 30 Hz", 30.0),
        ("joints", "JointState at 500 Hz", 500.0),
    ):
        print(label, json.dumps(run_case(kind, rate, options.seconds)), flush=True)


if __name__ == "__main__":
    main()
