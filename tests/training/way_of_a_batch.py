"""Names the files of ours that one batch of a recipe passes, from its draws to a step."""

import sys
from pathlib import Path

import mmssl
from mmssl import pipelines

ROOTS = {"mmssl": Path(mmssl.__file__).parent, "pipelines": Path(pipelines.__file__).parent}


class Files:
    """Collects the files of ours whose functions are called, those that AutoGraph rewrites too."""

    def __init__(self):
        self.seen = set()

    def __enter__(self):
        sys.setprofile(self._called)
        return self.seen

    def __exit__(self, *_):
        sys.setprofile(None)

    def _called(self, frame, event, _):
        code = frame.f_code
        if event != "call" or code.co_name == "<module>":
            return
        if code.co_name == "converted_call":
            function = frame.f_locals.get("f")
            code = getattr(getattr(function, "__func__", function), "__code__", code)
        for name, root in ROOTS.items():
            path = Path(code.co_filename)
            if path.is_relative_to(root):
                self.seen.add(f"{name}/{path.relative_to(root)}")


def files_of_a_step(data, method):
    """Makes a batch and takes a step with it.

    Args:
        data: Pipeline, prepared.
        method: Pretrainer, compiled, that has taken no step yet.

    Returns:
        sorted list of str, such as `"mmssl/losses/nt_xent.py"`.
    """
    method.make_train_function()
    with Files() as seen:
        method.train_function([next(iter(data.batches(seed=0)))])
    return sorted(seen)
