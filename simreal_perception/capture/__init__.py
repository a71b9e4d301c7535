"""Images for people without a camera driver, and a page to watch what is found in them.

Public: `sources.open_source`, `lens.lens_of`, `page.MjpegPage`.
"""
