"""Show versions, devices and disk."""

EXAMPLES = "mmssl doctor"


def add_arguments(parser):
    """Adds no arguments."""


def run(options):
    from mmssl.doctor import print_doctor

    print_doctor()
