"""One check each: covered lens, exposure, focus, shifted camera, drift, unsure network.

A new one is a module with a `Check`, entered in `registry.CHECKS`.

Public: `check.Check`, `check.WatchedImage`, `registry.CHECKS`.
"""
