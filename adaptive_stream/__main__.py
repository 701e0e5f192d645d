"""`python -m adaptive_stream` is the command `adaptive-stream`."""

from adaptive_stream.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
