"""Many towers built from images in physics, with and without faults, and their figures.

Public: `stack_run.run_stack`, `stack_bench.run_bench`, `fault_bench.run_fault_bench`.
"""
