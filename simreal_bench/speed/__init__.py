"""How fast it draws and sees, beside TinyRenderer, ArUco and a belief-map network.

Public: `estimate_bench.bench_estimate`, `render_bench.bench_render`, `timing.in_turns`.
"""
