"""One check each: covered lens, exposure, focus, shifted camera, drift, unsure network.

Public: `lens.LensCheck`, `exposure.ExposureCheck`, `focus.FocusCheck`, `view.ViewCheck`,
`drift.DriftCheck`, `certainty.CertaintyCheck`.
"""
