"""How a stream of images does: what its headers lack, how fast it is looked at.

Public: `headers.flaws_of`, `throughput.Throughput`.
"""
