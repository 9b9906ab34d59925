"""What a method says of itself: figures of held-out items, and images."""

from mmssl.generation.images import generated_images


def validate(run, method, source):
    """Takes the figures that a method measures itself.

    Args:
        run: Run.
        method: Pretrainer with the trained weights.
        source: Source of items that it was not trained on.

    Returns:
        dict of float; empty for methods without such figures.

    Raises:
        ValueError: the method cannot be measured on these items.
    """
    return {
        name: float(value) for name, value in method.validate(pipeline_for(run, source)).items()
    }


def report_images(run, source):
    """Draws what can be seen of a run's method.

    Args:
        run: Run.
        source: Source of items to show.

    Returns:
        list of (title, caption, uint8 (H, W, 3)); empty for methods without pictures.

    Raises:
        ValueError: the method cannot draw these items.
    """
    method, data = run.method(), pipeline_for(run, source)
    return [*method.report_images(data), *generated_images(method, data)]


def pipeline_for(run, source):
    """Builds the run's pipeline over other items, with what it learned from its training data.

    Args:
        run: Run.
        source: Source.

    Returns:
        Pipeline; its batches may be smaller where there are few items.
    """
    pipeline = run.data.on(source)
    pipeline.batch_size = min(pipeline.batch_size, len(source))
    return pipeline
