"""What is suggested, for people and for scripts."""

import shlex
from dataclasses import asdict, dataclass, field

from mmssl.suggest.look import Look
from mmssl.suggest.machine import Machine

PROBE = "mmssl evaluate RUN --data.source LABELED"


def command_of(recipe, overrides):
    """Returns the command that pretrains a recipe, as a shell takes it."""
    return shlex.join(["mmssl", "pretrain", recipe, *overrides])


@dataclass(frozen=True)
class Suggestion:
    """What to run.

    Attributes:
        look: Look at the data.
        machine: Machine.
        recipe: name of the recipe; None where the data cannot carry any.
        overrides: list of str, as `pretrain` takes them.
        reasons: list of str, why this recipe and these settings.
        compared: command to compare it with; None where nothing else fits.
        advice: list of str, what would help, or what to see to.
        elements: of an epoch, about.
    """

    look: Look
    machine: Machine
    recipe: str | None
    overrides: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    compared: str | None = None
    advice: list[str] = field(default_factory=list)
    elements: int = 0

    def as_dict(self):
        """Returns JSON values: all that was found and is suggested."""
        told = {name: getattr(self, name) for name in ("command", *self.__dataclass_fields__)}
        return {**told, "look": asdict(self.look), "machine": asdict(self.machine)}

    def sentences(self):
        """Returns the same for people to read, a list of lines."""
        lines = [f"{self.look.source}: {'; '.join(self.look.sentences())}", str(self.machine)]
        if self.recipe is not None:
            lines += ["", self.command, "", *(f"- {reason}" for reason in self.reasons)]
            others = f"with {self.compared}, and " if self.compared else ""
            lines += [f"compare it {others}with the untrained encoder and the raw input: {PROBE}"]
        return [*lines, *(f"note: {sentence}" for sentence in self.advice)]

    @property
    def command(self):
        """The command to run, as a shell takes it; None where there is none."""
        return None if self.recipe is None else command_of(self.recipe, self.overrides)
