"""What `simreal bench` measures, a module a subject.

Public: `bench_stack.stack`, `bench_launches.kills`, `bench_monitor.monitor`.
"""
