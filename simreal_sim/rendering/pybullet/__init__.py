"""The same scenes drawn by PyBullet: TinyRenderer on the CPU, or OpenGL through EGL.

Public: `tiny_renderer.BulletRenderer`.
"""
