"""What states have in common: motions, actions of the hand, waits before and after them.

Public: `moving.Moving`, `hand_action.HandAction`, `waiting_for_rest`, `waiting_for_depth`.
"""
