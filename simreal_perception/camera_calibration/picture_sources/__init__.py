"""Where pictures to calibrate with come from: a folder, a recording, a running camera and arm.

Public: `pictures.folder_pictures`, `ros_bag_pictures.bag_pictures`, `ros_live_pictures.live_pictures`,
`arm_rest.ArmRest`.
"""
