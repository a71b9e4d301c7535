"""`simreal calibrate hand-eye`: where a camera is, from pictures and the arm's poses."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simreal_cli.calibrate.arm_poses import poses_of
from simreal_cli.calibrate.board_arguments import (
    add_board_arguments,
    board_of,
    check_place,
)
from simreal_cli.calibrate.sights import (
    MOST_LIVE,
    collect_sights,
    is_bag,
    need_source,
    print_errors,
    print_left_out,
)
from simreal_cli.parsing.arguments import nonempty, nonempty_path, output_file, probability
from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ConfigurationError
from simreal_common.geometry import Pose, cube_symmetries
from simreal_common.imaging.camera_files import load_camera
from simreal_common.output_files import write_output
from simreal_perception.camera_calibration.block_detection import block_sight
from simreal_perception.camera_calibration.board_detection import Sight, find_board
from simreal_perception.camera_calibration.hand_eye import (
    EYE_TO_HAND,
    MOUNTS,
    HandEyeFit,
    View,
    calibrate_hand_eye,
)
from simreal_perception.camera_calibration.hand_eye_checks import (
    HeldOut,
    check_held_out,
    check_poses,
    different_views,
    held_out_errors,
    likely_mistake,
    wrong_size,
)
from simreal_perception.camera_calibration.picture_sources.pictures import (
    Picture,
    folder_files,
    folder_pictures,
)
from simreal_perception.camera_calibration.robot_poses import ArmAt, read_robot_poses
from simreal_perception.camera_calibration.transform_file import check_frame, transform_launch
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.video.image_io import RgbImage, check_size

POSES = ("poses.csv", "poses.yaml", "poses.yml")
ENDING = ".launch.xml"
JOINT_STATES = "/joint_states"

DESCRIPTION = """\
Finds where a camera is: beside an arm that carries a board or a block (eye-to-hand), or on an arm that
looks at one (eye-in-hand). Wanted are 15 to 25 pictures with the arm at rest and its pose at each: the
tool turned by 20 to 40 degrees about each of its axes, at several places. Of a recording, or of a
running camera and arm, one picture is taken wherever the arm stands still. Prints residual, and how far
off poses are that were left out; writes a launch file that robot.launch.xml takes (hand_eye:=FILE).
Writes nothing where the poses do not suffice, and says which to add.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "source",
        type=nonempty_path,
        nargs="?",
        metavar="FOLDER|BAG",
        help="pictures (PNG, JPEG), or a recording with joint states; without it a running camera and "
        "arm: --topic",
    )
    parser.add_argument(
        "--topic", default="", help="of the images in a bag, or of a running camera's"
    )
    parser.add_argument(
        "--joint-states",
        default="",
        metavar="TOPIC",
        help="of the arm, likewise (running: /joint_states)",
    )
    parser.add_argument(
        "--poses",
        type=nonempty_path,
        metavar="FILE",
        help="CSV or YAML: image, x, y, z, qx, qy, qz, qw (tool in base, metres; or roll, pitch, "
        "yaw; or rx, ry, rz), or image and joint positions (default: "
        f"{POSES[0]} or {POSES[1]} in the folder)",
    )
    parser.add_argument(
        "--camera", type=nonempty_path, required=True, metavar="CAMERA.yaml", help="its calibration"
    )
    parser.add_argument("--rectified", action="store_true", help="the pictures are rectified")
    parser.add_argument(
        "--mount",
        choices=MOUNTS,
        required=True,
        help="eye-to-hand: beside the arm; eye-in-hand: on it",
    )
    parser.add_argument(
        "--urdf", type=nonempty_path, metavar="FILE", help="robot, for joint positions"
    )
    parser.add_argument("--tool", metavar="LINK", help="of that robot, whose pose is computed")
    parser.add_argument(
        "--parent",
        metavar="FRAME",
        help="frame of the base (eye-to-hand) or of the tool (eye-in-hand); known with --urdf",
    )
    parser.add_argument(
        "--child",
        default="camera_optical_frame",
        metavar="FRAME",
        help="the camera's optical frame, as its images name it (default: %(default)s)",
    )
    parser.add_argument(
        "--link",
        metavar="FRAME",
        help="frame that the driver hangs the optical frame on, like camera_link; published instead",
    )
    parser.add_argument(
        "--optical-in-link",
        nargs=7,
        type=float,
        metavar=("X", "Y", "Z", "QX", "QY", "QZ", "QW"),
        help="where it does: what ros2 run tf2_ros tf2_echo LINK OPTICAL prints",
    )
    parser.add_argument(
        "--edge", type=float, metavar="METRES", help="blocks instead of a board: their edge"
    )
    parser.add_argument(
        "--model", type=nonempty, default="block", metavar="NAME|PATH", help="(%(default)s)"
    )
    parser.add_argument(
        "--min-score", type=probability, default=MIN_SCORE, metavar="0..1", help="(%(default)s)"
    )
    parser.add_argument(
        "--out",
        type=output_file,
        required=True,
        metavar=f"NAME{ENDING}",
        help="launch file to write",
    )
    add_board_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print errors, write the launch file.

    Raises:
        SimrealError: pictures or poses that do not suffice; says which to add. Nothing is written
            then.
    """
    check_place(args.out, (ENDING,))
    child, pose_child_in_optical = _child(args)
    camera = load_camera(args.camera, rectified=args.rectified)
    find, symmetries = _finder(args, camera)
    pictures, told, left_out = _pictures(args)
    arm_at, frames = poses_of(told, args.urdf, args.tool)
    parent = check_frame(args.parent or frames[args.mount != EYE_TO_HAND] or "")

    sights, not_found = collect_sights(pictures, len(pictures), find)
    left_out = not_found + left_out
    views, repeated = different_views([View(sight, arm_at[sight.name]) for sight in sights])
    print_left_out(left_out)
    print_left_out([(name, f"the arm stood as in {twin}") for name, twin in repeated])
    if not views and left_out:
        raise CalibrationError(
            f"the target was found in none of {len(pictures)} pictures; the first says: "
            f"{left_out[0][1]}"
        )
    check_poses(views, len(repeated))
    fit = _fit(views, camera, args.mount, symmetries)
    check_poses(fit.views)
    held_out = held_out_errors(fit, camera)
    _print_fit(fit, held_out)
    factor = wrong_size(fit, camera)
    if factor is not None:
        told = args.square if args.edge is None else args.edge
        raise CalibrationError(
            f"the arm's motions say that {'squares' if args.edge is None else 'edges'} measure "
            f"{1e3 * factor * told:.2f} mm, got {1e3 * told:g} mm: measure them, and see that the "
            "camera file is of this camera at this size"
        )
    check_held_out(held_out)
    write_output(args.out, transform_launch(fit, held_out, parent, child, pose_child_in_optical))
    print(args.out)
    return 0


def _child(args: argparse.Namespace) -> tuple[str, Pose]:
    """The frame that is published, and its pose in the optical frame."""
    if (args.link is None) != (args.optical_in_link is None):
        raise ConfigurationError("--link and --optical-in-link belong together: give both, or none")
    if args.link is None:
        return check_frame(args.child), Pose.identity()
    numbers = np.array(args.optical_in_link)
    try:
        return check_frame(args.link), Pose(numbers[:3], numbers[3:]).inverse()
    except ValueError as error:
        raise ConfigurationError(f"--optical-in-link: {error}") from error


def _pictures(
    args: argparse.Namespace,
) -> tuple[list[Picture], dict[str, ArmAt], list[tuple[str, str]]]:
    """Pictures, where the arm was at each, and what was left out, with its reason."""
    need_source(args.source, args.topic)
    if args.source is None or is_bag(args.source):
        if args.poses is not None:
            raise ConfigurationError(
                f"--poses {args.poses}: belongs to a folder of pictures; elsewhere the joint states "
                "tell where the arm was"
            )
        if args.urdf is None or args.tool is None:
            raise ConfigurationError(
                "joint states tell where the arm was: wanted --urdf FILE and --tool LINK with them"
            )
        if args.source is None:
            from simreal_perception.camera_calibration.picture_sources.ros_live_pictures import (
                live_pictures_at_rest,
            )

            joints = args.joint_states or JOINT_STATES
            return *live_pictures_at_rest(args.topic, joints, MOST_LIVE), []
        from simreal_perception.camera_calibration.picture_sources.ros_bag_pictures import (
            bag_pictures_at_rest,
        )

        return *bag_pictures_at_rest(args.source, args.topic, args.joint_states), []
    if args.topic or args.joint_states:
        raise ConfigurationError(
            f"--topic and --joint-states are of bags and of a running camera: {args.source} is a "
            "folder of pictures"
        )
    names = [file.name for file in folder_files(args.source)]
    arm_at = read_robot_poses(_poses_file(args))
    known = [picture for picture in folder_pictures(args.source) if picture.name in arm_at]
    left_out = [(name, "the poses do not name it") for name in names if name not in arm_at]
    left_out += [(name, "there is no such picture") for name in arm_at if name not in names]
    return known, arm_at, left_out


def _poses_file(args: argparse.Namespace) -> Path:
    if args.poses is not None:
        return Path(args.poses)
    for name in POSES:
        if (args.source / name).is_file():
            return Path(args.source / name)
    raise ConfigurationError(
        f"{args.source} has no {' or '.join(POSES)}: wanted where the arm was at each picture; write "
        "one, or name it with --poses"
    )


def _finder(
    args: argparse.Namespace, camera: Camera
) -> tuple[Callable[[str, RgbImage], Sight], np.ndarray]:
    """What finds the target in a picture, and in how many ways it looks alike."""
    if args.edge is None:
        board = board_of(args)

        def find(name: str, rgb: RgbImage) -> Sight:
            check_size(rgb, camera, name, str(args.camera))
            return find_board(name, rgb, board)

        return find, board.symmetries
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    estimator = BlockEstimator.load(args.model)

    def find_block(name: str, rgb: RgbImage) -> Sight:
        check_size(rgb, camera, name, str(args.camera))
        blocks = estimator.estimate(rgb, camera, args.edge)
        return block_sight(name, [one for one in blocks if one.score >= args.min_score], camera)

    return find_block, cube_symmetries()


def _fit(views: list[View], camera: Camera, mount: str, symmetries: np.ndarray) -> HandEyeFit:
    try:
        return calibrate_hand_eye(views, camera, mount, symmetries)
    except CalibrationError as error:
        mistake = likely_mistake(views, camera, mount, symmetries)
        if not mistake:
            raise
        raise CalibrationError(
            f"poses and pictures do not belong together as they are: {mistake}"
        ) from error


def _print_fit(fit: HandEyeFit, held_out: HeldOut) -> None:
    print_left_out(
        [(name, f"fits none of the others: {error:.1f} pixels off") for name, error in fit.left_out]
    )
    print_errors(
        [view.sight.name for view in fit.views],
        [len(view.sight.pixels) for view in fit.views],
        [float(error) for error in fit.errors_px],
    )
    mm, degrees = 1e3 * held_out.position_m, np.degrees(held_out.rotation_rad)
    print(f"residual {fit.rms_px:.3f} px, {len(fit.views)} poses used")
    print(
        f"poses left out: {np.median(mm):.2f} mm, {np.median(degrees):.3f} degrees off (medians), at "
        f"worst {mm.max():.2f} mm, {degrees.max():.3f} degrees"
    )
    place, turn = fit.pose_camera_in_parent.position, fit.pose_camera_in_parent.orientation
    print(
        f"position {' '.join(f'{value:.5f}' for value in place)} +- {1e3 * held_out.sigma_m:.2f} mm"
    )
    print(
        f"orientation {' '.join(f'{value:.6f}' for value in turn)} +- "
        f"{np.degrees(held_out.sigma_rad):.3f} degrees"
    )
