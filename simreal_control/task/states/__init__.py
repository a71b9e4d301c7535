"""What a stacking task does at a time: states, each a value that carries what it needs.

Rooms: bases.

They follow each other from verifying the hand or homing to releasing; after that, and after what
goes wrong, the task begins again with homing.
Public: `verifying_hand.VerifyingHand`, `homing.Homing`, `observing.Observing`, `carrying.Carrying`.
"""
