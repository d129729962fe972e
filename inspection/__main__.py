"""`python -m inspection` is `inspection`."""

from inspection.cli.main import run

run()
