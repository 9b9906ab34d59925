"""A run that ends without a word, right after a checkpoint."""

from mmssl.training import loop


class StoppedError(Exception):
    """Stands for a run that ends without a word."""


def stop_after(step):
    """Returns a `save_state` after whose checkpoint of a step the run ends; see `StoppedError`."""
    save = loop.save_state

    def save_and_stop(path, model, position, *rest):
        save(path, model, position, *rest)
        if position["step"] == step:
            raise StoppedError

    return save_and_stop
