"""How far compiled code may rearrange arithmetic: no further than every process does alike."""

from __future__ import annotations

# No infinities, no NaN, no signed zeros; but sums and products stay in their order. With all of fast
# math one process draws other last digits than the next: code just compiled is merged with its callers
# otherwise than code from Numba's cache.
EXACT = {"nnan", "ninf", "nsz"}
