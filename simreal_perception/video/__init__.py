"""Image files, films of them, and estimates drawn into them.

Public: `image_io.read_image`, `film.Film`, `drawing.draw_blocks`, `recording.Recording`.
"""
