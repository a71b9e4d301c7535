"""`ros2 node list`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ros2cli_embedded.graph import DISCOVERY_S, node_names, spin_for, temporary_node


def main(words: Sequence[str]) -> int:
    """Run `ros2 node` with the words that follow it; return the exit code."""
    parser = argparse.ArgumentParser(prog="ros2 node", description="Look at running nodes.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="print the running nodes")
    parser.parse_args(list(words))
    with temporary_node() as node:
        spin_for(node, DISCOVERY_S)
        for name in node_names(node):
            print(name)
    return 0
