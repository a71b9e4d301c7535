"""Picture files, films of them, and estimates drawn into them.

Public: `pictures.read_picture`, `film.Film`, `drawing.draw_blocks`, `recording.Recording`.
"""
