"""Image files, films of them, and estimates drawn into them.

Public: `image_io.read_image`, `image_folder.image_files`, `film.Film`, `drawing.draw_blocks`,
`recording.Recording`.
"""
