"""Domain randomization: scenes, materials, lights, cameras and sensors drawn from a generator.

Public: `randomization.draw_scenes`, `cameras.draw_views`, `taken_pictures.take_pictures`,
`labelled_images.LabelledImages`.
"""
