"""What cameras give: pictures in all the encodings they come in.

Public: `pixel_formats.to_rgb`, `picture_codec.decode`, `ros_images.image_to_rgb`.
"""
