"""A method's own metrics on held-out items, and its images and sounds for the report."""

from mmssl.generation.images import generated_images


def validate(run, method, source):
    """Computes the metrics that a method defines for held-out items.

    Args:
        run: Run.
        method: Pretrainer with the trained weights.
        source: Source of held-out items.

    Returns:
        dict from metric name to float; empty for methods without such metrics.

    Raises:
        ValueError: the metrics cannot be computed on these items.
    """
    return {
        name: float(value) for name, value in method.validate(pipeline_for(run, source)).items()
    }


def report_examples(run, source):
    """Returns what a run's method draws and plays for the report.

    Args:
        run: Run.
        source: Source of items to show.

    Returns:
        Pair of a list of (title, caption, uint8 (H, W, 3)), and one of (title, clips), see
        `Pretrainer.report_sounds`; empty for methods without such.

    Raises:
        ValueError: they cannot be made of these items.
    """
    method, data = run.method(), pipeline_for(run, source)
    images = [*method.report_images(data), *generated_images(method, data)]
    return images, method.report_sounds(data)


def pipeline_for(run, source):
    """Builds the run's pipeline over other items, with the state learned from its training data.

    Args:
        run: Run.
        source: Source.

    Returns:
        Pipeline; its batches are smaller if there are fewer items than a batch.
    """
    pipeline = run.data.on(source)
    pipeline.batch_size = min(pipeline.batch_size, len(source))
    return pipeline
