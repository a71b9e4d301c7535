"""Images for people without a camera driver, and a page to watch what is found in them.

Public: `sources.open_source`, `webcam_calibration.calibration_of`, `page.MjpegPage`.
"""
