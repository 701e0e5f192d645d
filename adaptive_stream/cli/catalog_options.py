"""The options that say which catalogue is meant, for the commands that read one."""

import argparse
import os

from adaptive_stream.catalog import Catalog, load_catalog


def add_profile(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """`--profile`; `otherwise` says in the help what is taken without it."""
    parser.add_argument(
        "--profile",
        metavar="NAME",
        default=os.environ.get("ADAPTIVE_STREAM_PROFILE") or None,
        help=f"a file of topics/profiles/, or production; else {otherwise}"
        " (env ADAPTIVE_STREAM_PROFILE)",
    )


def read_catalog(args: argparse.Namespace) -> Catalog:
    """The catalogue that the options name. Raises CatalogError with every fault."""
    return load_catalog(args.topics_dir, args.rules_dir, args.prefix)
