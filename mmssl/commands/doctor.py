"""Show versions, devices and disk."""

EXAMPLES = "mmssl doctor"


def add_arguments(parser):
    """Takes none."""


def run(options):
    from mmssl.doctor import print_doctor

    print_doctor()
