"""One module per command, with `add_arguments`, `run`, and the `EXAMPLES` of its help.

The first line of a module's docstring is its description in `--help`. TensorFlow is imported inside
`run`, so that the help appears at once.
"""
