"""One module a command: `add_arguments`, `run`, and the `EXAMPLES` of its help.

The first line of a module says what `--help` says of it. TensorFlow is imported inside `run`, so
that help comes at once.
"""
