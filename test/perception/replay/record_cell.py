"""Makes the recording `cell` beside this file: images of the simulated cell, with the truth.

    python test/perception/replay/record_cell.py

A resting camera sees three blocks; after half of the images one of them is put elsewhere. What
perception finds in them (expected.json) is taken from a replay with the committed model:

    ros2 launch simreal replay.launch.xml bag:=test/perception/replay/cell out:=/tmp/cell
    python test/perception/replay/record_cell.py --expected /tmp/cell
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header
from vision_msgs.msg import Detection3DArray

from simreal_common.geometry import Pose
from simreal_common.imaging.ros_camera_info import camera_to_camera_info

CELL = Path(__file__).parent / "cell"
SEED, IMAGES, PERIOD_S, BLOCKS, JPEG_QUALITY = 5, 12, 0.2, 3, 85
START_S = 1_700_000_000
ROOM_M = 0.09  # between the centres of two blocks
TYPES = {
    "/camera/image_raw/compressed": "sensor_msgs/msg/CompressedImage",
    "/camera/camera_info": "sensor_msgs/msg/CameraInfo",
}


def record() -> None:
    """Draw the images, and write them as a bag with truth.json in it."""
    from simreal_sim.physics.world import World
    from simreal_sim.physics.world_camera import WorldCamera, sense
    from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

    rng = np.random.default_rng(SEED)
    scene = draw_scene(rng, SceneOptions(blocks=BLOCKS, distractors=2))
    to_camera = scene.pose_camera_in_world.inverse()
    shutil.rmtree(CELL, ignore_errors=True)
    frames: dict[str, list[dict[str, list[float]]]] = {}
    store = get_typestore(Stores.ROS2_JAZZY)
    with World(scene) as world, Writer(CELL, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        topics = {
            name: bag.add_connection(name, kind, typestore=store) for name, kind in TYPES.items()
        }
        image_topic, info_topic = topics.values()
        camera = WorldCamera(world)
        for index in range(IMAGES):
            if index == IMAGES // 2:
                move_one(world)
            rgb = sense(camera.render(), scene.noise, rng)
            poses = [to_camera @ pose for pose in world.block_poses().values()]
            frames[str(index)] = [
                {"position_m": p.position.tolist(), "orientation_xyzw": p.orientation.tolist()}
                for p in poses
            ]
            time_ns = round((START_S + index * PERIOD_S) * 1e9)
            stamp = Time(sec=time_ns // 10**9, nanosec=time_ns % 10**9)
            header = Header(stamp=stamp, frame_id="camera_optical_frame")
            _, jpeg = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            image = CompressedImage(header=header, format="rgb8; jpeg compressed bgr8")
            image.data = jpeg.tobytes()
            info = camera_to_camera_info(scene.camera, header)
            bag.write(info_topic, time_ns, serialize_message(info))
            bag.write(image_topic, time_ns, serialize_message(image))
    truth = {"edge_m": 0.05, "seed": SEED, "frames": frames}
    (CELL / "truth.json").write_text(json.dumps(truth) + "\n", encoding="utf-8")


def move_one(world: object) -> None:
    """Put the first block to a free place near by."""
    poses = world.block_poses()  # type: ignore[attr-defined]
    name, *others = poses
    for angle in np.linspace(0.0, 2.0 * np.pi, 16):
        offset = 0.12 * np.array([np.cos(angle), np.sin(angle), 0.0])
        place = poses[name].position + offset
        if all(np.linalg.norm(place - poses[other].position) > ROOM_M for other in others):
            world.place_block(name, Pose(place, poses[name].orientation))  # type: ignore[attr-defined]
            return
    raise SystemExit("no free place: choose another seed")


def expect(replay: Path) -> None:
    """Write down what a replay found."""
    found = []
    with Reader(replay / "detections") as reader:
        for _, _, data in reader.messages():
            message = deserialize_message(data, Detection3DArray)
            found.append([
                {
                    "id": detection.id,
                    "position_m": [
                        round(float(getattr(detection.bbox.center.position, axis)), 5)
                        for axis in "xyz"
                    ],
                    "score": round(float(detection.results[0].hypothesis.score), 4),
                }
                for detection in message.detections
            ])  # fmt: skip
    (CELL / "expected.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--expected":
        expect(Path(sys.argv[2]))
    else:
        record()
