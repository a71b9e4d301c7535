"""The judge: whether what was to be built stands, from the truth alone.

Public: `stack_score.judge_tower`, `structure_score.judge_structure`.
"""
