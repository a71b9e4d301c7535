"""The kinds of hands, a module each: shape, how they are told to open and close, how they are read.

Public: `hand.Hand`, `parallel_gripper.ParallelGripper`, `suction_cup.SuctionCup`,
`registry.HANDS`, `hand_clearance.clearance`.
"""
