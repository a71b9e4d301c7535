"""`ros2 pkg list | prefix | executables`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ament_index_python.packages import get_packages_with_prefixes
from ros2cli_embedded.executables import executables_of, package_prefix, package_share


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 pkg", description="Look at installed packages.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="print the packages")
    prefix = verbs.add_parser("prefix", help="print the prefix of a package")
    prefix.add_argument("--share", action="store_true", help="print the share directory instead")
    prefix.add_argument("package_name")
    executables = verbs.add_parser("executables", help="print the executables of packages")
    executables.add_argument("package_name", nargs="?")
    executables.add_argument("--full-path", action="store_true", help="print commands")
    return parser


def main(words: Sequence[str]) -> int:
    """Run `ros2 pkg` with the words that follow it; return the exit code."""
    options = _parser().parse_args(list(words))
    packages = sorted(get_packages_with_prefixes())
    if options.verb == "list":
        print("\n".join(packages))
    elif options.verb == "prefix":
        name = options.package_name
        print(package_share(name) if options.share else package_prefix(name))
    else:
        for package in [options.package_name] if options.package_name else packages:
            for name, executable in sorted(executables_of(package).items()):
                print(" ".join(executable.command) if options.full_path else f"{package} {name}")
    return 0
