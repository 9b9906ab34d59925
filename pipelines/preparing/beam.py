"""Work on Apache Beam, which spreads it over the machines of a cluster."""


def on_beam(work, numbers, options=()):
    """Calls a function with each of some numbers, wherever Beam runs it.

    Args:
        work: function of an int; it can be pickled, and what it reads and writes can be reached
            from all machines.
        numbers: list of int.
        options: list of str, of Beam's pipeline, such as "--runner=FlinkRunner"; Beam's own runner
            for one machine if none.

    Yields:
        The numbers, once all is done.
    """
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
        # Reshuffled, since a runner may fuse what is made with what is done to it on one machine.
        _ = pipeline | beam.Create(numbers) | beam.Reshuffle() | beam.Map(work)
    yield from numbers
