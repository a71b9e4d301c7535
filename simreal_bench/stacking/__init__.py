"""Many towers built from images in physics, with and without faults, and their figures.

Public: `stack_run.run_stack`, `stack_bench.StackBench`, `fault_bench.FaultBench`.
"""
