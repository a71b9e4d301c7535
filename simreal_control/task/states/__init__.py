"""What a stacking task does at a time: states, each a value that carries what it needs.

They follow each other from feeling or homing to releasing; after that, and after what goes wrong,
the task begins again with homing.
Public: `feeling.Feeling`, `homing.Homing`, `looking.Looking`, `carrying.Carrying`.
"""
