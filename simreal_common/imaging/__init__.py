"""What cameras give: images in all the encodings they come in, calibrations in all the files.

Public: `pixel_formats.to_rgb`, `image_codec.decode`, `ros_images.image_to_rgb`,
`camera_calibration.CameraCalibration`, `camera_files.load_camera`,
`ros_camera_info.camera_info_to_camera`.
"""
