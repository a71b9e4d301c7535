"""Domain randomization: scenes, materials, lights, cameras and sensors drawn from a generator.

Rooms: distractors, ranges, layout.

Public: `random_scenes.draw_scenes`, `cameras.draw_views`, `sensor_images.take_images`,
`labelled_images.LabelledImages`.
"""
