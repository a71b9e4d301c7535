"""Scenes as pure data, the ray caster that draws their light, the sensor that makes images of it.

Rooms: pybullet.

Public: `scene.SceneBatch`, `scene.ViewBatch`, `raycaster.render`, `sensor_effects.expose`,
`textures.texture_pool`.
"""
