"""Write report.html again."""

from mmssl.commands import arguments

EXAMPLES = "mmssl report runs/speech"


def add_arguments(parser):
    arguments.add_run(parser)
    arguments.add_labeled_data(parser)


def run(options):
    from mmssl.evaluation import write_report

    print(write_report(arguments.run_of(options), arguments.labeled_data(options)))
