"""`python -m netconv` is `netconv`."""

from .cli import main

main(prog_name="netconv")
