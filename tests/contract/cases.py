"""What the contract knows of a method; the case itself lies with the method's own tests."""

import functools
import importlib
from dataclasses import dataclass, field
from pathlib import Path

from mmssl.reading import load_yaml
from mmssl.recipes import recipe_path
from mmssl.runs import read_recipe
from mmssl.runs.classes import imported

METHODS = Path(__file__).parents[1] / "methods"


@dataclass(frozen=True)
class Case:
    """A method under the contract, as a tiny form of its recipe.

    Attributes:
        recipe: name of its recipe.
        tiny: overrides that make it small enough for seconds.
        still: overrides that turn dropout off, which draws the same mask on every replica and
            another on every backend.
        initial_loss: what theory gives for an untrained network, and how far it may be off.
        theory: overrides that its condition asks for.
        least_loss: what its loss cannot fall below.
        overfit: share of the way from there to the initial loss that one batch, learned by heart,
            falls under; None where it cannot be.
        source: what the learning check pretrains on, below the folder of real data; none where
            there is no such check.
        given: further overrides of that pretraining.
        probe: arguments of its `evaluate`; paths below that folder begin with "{data}".
        margins: by how much (floor, probe) is beaten there, well under what was measured once.
    """

    recipe: str
    tiny: tuple[str, ...]
    still: tuple[str, ...] = ()
    initial_loss: tuple[float, float] | None = None
    theory: tuple[str, ...] = ()
    least_loss: float = 0.0
    overfit: float | None = 0.5
    source: str = ""
    given: tuple[str, ...] = ()
    probe: dict = field(default_factory=dict)
    margins: dict = field(default_factory=dict)

    def config(self, *overrides):
        return read_recipe(self.recipe, [*self.tiny, *overrides])


@functools.cache
def all_cases():
    """Collects the CASE of each method's tests, and CASES of its further recipes, by name."""
    stems = sorted(path.stem for path in METHODS.glob("test_*.py"))
    modules = {stem[5:]: importlib.import_module(f"tests.methods.{stem}") for stem in stems}
    return {name: case for stem, module in modules.items() for name, case in _of(stem, module)}


def cases_of(kind):
    """Returns the cases whose method is an instance of a class, by name; no recipe is resolved."""
    return {name: case for name, case in all_cases().items() if issubclass(_class(case), kind)}


def _class(case):
    recipe = load_yaml(recipe_path(case.recipe).read_text(encoding="utf-8"))
    return imported(recipe["method"]["class_path"])


def _of(stem, module):
    if hasattr(module, "CASE"):
        yield stem, module.CASE
    for name, case in getattr(module, "CASES", {}).items():
        yield f"{stem}_{name}", case
