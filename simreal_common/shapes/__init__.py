"""What blocks may look like: a shape's geometry and its symmetry, below everything else.

Public: `shape.Shape`, `shape.CUBE`, `registry.SHAPES`, `symmetry.Symmetry`.
"""
