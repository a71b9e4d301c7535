"""A camera's intrinsics and its place on or beside an arm, from pictures of a board or of blocks.

Public: `board.Board`, `board_detection.find_board`, `intrinsics.calibrate_camera`,
`lens_solvers.LENS_SOLVERS`, `camera_file.camera_yaml`, `hand_eye.calibrate_hand_eye`,
`hand_eye_checks.held_out_errors`, `robot_poses.read_robot_poses`, `transform_file.transform_launch`.

Rooms: picture_sources.
"""
