"""What lenses do to rays: a class each of their models, below the camera that has one.

Public: `lens.Lens`, `perspective_lens.PERSPECTIVE`, `equidistant_lens.EQUIDISTANT`,
`registry.LENSES`.
"""
