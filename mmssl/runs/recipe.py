"""Recipes: YAML in the shape of the constructors' signatures."""

import dataclasses
import difflib
import importlib
import inspect
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import jsonargparse
import yaml

from mmssl.methods.bases import Pretrainer
from mmssl.pipelines.pipeline import Pipeline

SECTIONS = ("data", "method", "fit", "probe")


@dataclass
class Fit:
    """How a run trains; it ends at the first of `epochs`, `steps` and `minutes` to be reached.

    Args:
        epochs: passes over the data.
        steps: optimizer steps.
        minutes: time for the steps. It is converted to a number of steps once, by timing the first
            few, so that the schedule has an end and a resumed run keeps the same one.
        optimizer: adamw, lars, or sgd (with momentum).
        learning_rate: peak of the schedule.
        schedule: cosine (linear warmup, then cosine decay) or tri_stage (linear warmup, constant,
            exponential decay to a hundredth).
        final_learning_rate: learning rate that the cosine schedule ends at, below the peak.
        warmup_steps: steps of the warmup of the cosine schedule.
        phase_ratio: fractions of the steps that tri_stage spends on warmup, constant and decay.
        weight_decay: decoupled for adamw, part of the gradient for lars and sgd; biases and
            norms are left out unless `decay_biases_and_norms`.
        decay_biases_and_norms: decay biases and norms, too, and let lars adapt their learning
            rate, as some official codes do.
        final_weight_decay: weight decay of adamw at the last step, reached from `weight_decay` by
            a cosine schedule; null keeps `weight_decay` constant.
        momentum: of lars and sgd.
        beta_1: decay rate of AdamW's first moment estimates.
        beta_2: decay rate of AdamW's second moment estimates.
        epsilon: of AdamW; gradients below it, as of the rare rows of an embedding table, move
            weights less.
        clip_norm: largest norm of the gradient over all weights and replicas; null disables
            clipping.
        clip_per_variable: clip the gradient of each variable by its own norm, instead of all by
            their global norm.
        precision: float32 or mixed_bfloat16.
        strategy: auto (one device, or all local GPUs) or mirrored (all local devices).
        initial_weights: folder of a run of the same method and sizes, whose last weights, heads
            and teacher included, are the first ones; null draws them.
        seed: of initial weights, data order and every random draw.
        accumulate: number of equal parts of a batch, on each replica, that a step computes one
            after the other, in the memory of one, and whose gradients it adds up: `batch_size`,
            steps and schedules stay what they are. Refused where a loss looks across the batch.
        jit_compile: compile the step with XLA.
        deterministic: use TensorFlow's deterministic operations, so that on one kind of machine the
            same seed gives the same weights; null for where they cost no time, without a GPU.
        checkpoint_seconds: time between checkpoints; 0 writes one after every step.
        monitor_examples: number of training items that the collapse diagnostics embed; 0 disables
            them.
        stop_on_collapse: stop the run when the diagnostics find the same collapse twice.
    """

    epochs: float | None = None
    steps: int | None = None
    minutes: float | None = None
    optimizer: Literal["adamw", "lars", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "tri_stage"] = "cosine"
    warmup_steps: int = 100
    final_learning_rate: float = 0.0
    phase_ratio: tuple[float, float, float] = (0.03, 0.9, 0.07)
    weight_decay: float = 0.01
    decay_biases_and_norms: bool = False
    final_weight_decay: float | None = None
    momentum: float = 0.9
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    clip_norm: float | None = 1.0
    clip_per_variable: bool = False
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    strategy: Literal["auto", "mirrored"] = "auto"
    initial_weights: str | None = None
    seed: int = 0
    accumulate: int = 1
    jit_compile: bool = False
    deterministic: bool | None = None
    checkpoint_seconds: float = 60.0
    monitor_examples: int = 256
    stop_on_collapse: bool = False

    def __post_init__(self):
        budgets = {"epochs": self.epochs, "steps": self.steps, "minutes": self.minutes}
        if all(value is None for value in budgets.values()):
            raise ValueError("fit needs one of epochs, steps and minutes.")
        positive = {**budgets, "learning_rate": self.learning_rate, "clip_norm": self.clip_norm}
        for name, value in positive.items():
            if value is not None and value <= 0:
                raise ValueError(f"fit.{name} must be above 0; got {value}.")
        for name in ("warmup_steps", "weight_decay", "checkpoint_seconds", "monitor_examples"):
            if getattr(self, name) < 0:
                raise ValueError(f"fit.{name} must be at least 0; got {getattr(self, name)}.")
        if self.accumulate < 1:
            raise ValueError(f"fit.accumulate must be at least 1; got {self.accumulate}.")
        ratio = self.phase_ratio
        if len(ratio) != 3 or min(ratio) < 0 or abs(sum(ratio) - 1) > 1e-6:
            raise ValueError(
                f"fit.phase_ratio must be three fractions that add up to 1; got {list(ratio)}."
            )
        if not 0 <= self.momentum < 1:
            raise ValueError(f"fit.momentum must be in [0, 1); got {self.momentum}.")
        if self.clip_per_variable and self.clip_norm is None:
            raise ValueError("fit.clip_per_variable needs the norm to clip to: set fit.clip_norm.")
        self._check_final_learning_rate()
        self._check_final_weight_decay()

    def _check_final_learning_rate(self):
        if not 0 <= self.final_learning_rate < self.learning_rate:
            raise ValueError(
                "fit.final_learning_rate must be at least 0 and below fit.learning_rate, "
                f"{self.learning_rate}; got {self.final_learning_rate}."
            )
        if self.final_learning_rate and self.schedule == "tri_stage":
            raise ValueError(
                "fit.final_learning_rate needs fit.schedule cosine: tri_stage ends at a hundredth "
                f"of the peak; got {self.final_learning_rate}."
            )

    def _check_final_weight_decay(self):
        last = self.final_weight_decay
        if last is None:
            return
        if last < 0:
            raise ValueError(f"fit.final_weight_decay must be at least 0, or null; got {last}.")
        if self.optimizer != "adamw":
            raise ValueError(
                f"fit.final_weight_decay needs fit.optimizer adamw, not {self.optimizer}: set it "
                "to null."
            )
        if self.weight_decay == 0:
            raise ValueError(
                "fit.final_weight_decay starts from fit.weight_decay, which must then be above 0; "
                "got 0."
            )


@dataclass
class Probe:
    """Which output of the encoder is probed, embedded and exported.

    Args:
        layer: block whose output, pooled, is the embedding; null for the encoder's own.
    """

    layer: str | None = None


def recipe_names():
    """Lists the recipes that come with mmssl, such as `"audio/cpc"`."""
    root = resources.files("mmssl.configs")
    return sorted(
        f"{folder.name}/{file.name.removesuffix('.yaml')}"
        for folder in root.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    )


def read_recipe(name, overrides=()):
    """Reads a recipe and applies overrides, checking every key and value against the signatures.

    Args:
        name: one of `recipe_names()`, or the path of a YAML file.
        overrides: list of str such as `["--data.source", "folder", "--fit.steps=100"]`.

    Returns:
        dict with `data`, `method`, `fit` and `probe`, every argument filled in.

    Raises:
        ValueError: there is no such recipe, a key is unknown, or a value is not allowed by its
            signature or contradicts the data.
    """
    config, _ = open_recipe(name, overrides)
    return config


def open_recipe(name, overrides=()):
    """Reads a recipe together with the pipeline that it was checked against, to train it.

    Args:
        name: see `read_recipe`.
        overrides: see `read_recipe`.

    Returns:
        Pair of the dict that `read_recipe` returns and the Pipeline of its `data` section, not
        prepared.

    Raises:
        ValueError: see `read_recipe`.
    """
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--recipe", action="config")
    parser.add_subclass_arguments(Pipeline, "data", required=True)
    parser.add_subclass_arguments(Pretrainer, "method", required=True)
    parser.add_class_arguments(Fit, "fit")
    parser.add_class_arguments(Probe, "probe")
    path = _find(name)
    given = _given(_read_yaml(path), overrides)
    try:
        parsed = parser.parse_args(["--recipe", str(path), *overrides])
    except jsonargparse.ArgumentError as error:
        raise ValueError(_sentence(error)) from None
    config = {section: parsed.as_dict()[section] for section in SECTIONS}
    Fit(**config["fit"])
    data = build(config["data"])
    _share(config, data, given)
    return config, data


def build(spec):
    """Builds what a recipe describes: each `{class_path, init_args}` becomes an object.

    Args:
        spec: a section of the dict that `read_recipe` returns, or any value in it.

    Returns:
        The object, its arguments built first; any other value is returned unchanged.
    """
    if not isinstance(spec, dict) or "class_path" not in spec:
        return spec
    arguments = {key: build(value) for key, value in spec.get("init_args", {}).items()}
    return _import(spec["class_path"])(**arguments)


def _find(name):
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise ValueError(f"There is no recipe file {name}.")
        return path
    if name not in recipe_names():
        raise ValueError(f"There is no recipe {name!r}; choose one of {', '.join(recipe_names())}.")
    return Path(str(resources.files("mmssl.configs") / f"{name}.yaml"))


def _read_yaml(path):
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(recipe, dict) or not set(recipe) <= set(SECTIONS):
        raise ValueError(f"{path} is not a recipe: its sections are {', '.join(SECTIONS)}.")
    for section in ("data", "method"):
        if "class_path" not in (recipe.get(section) or {}):
            raise ValueError(f"{path} names no class_path under {section}.")
    return recipe


def _import(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _share(config, data, given):
    """Sets the arguments of method and encoder that must equal the data's, as a vocabulary size."""
    method = config["method"]["init_args"]
    encoder = method["encoder"].get("init_args", {})
    for prefix, arguments, shared in (
        ("method", method, data.method_arguments()),
        ("method.encoder", encoder, data.encoder_arguments()),
    ):
        for name in arguments.keys() & shared.keys():
            if f"{prefix}.{name}" in given and arguments[name] != shared[name]:
                raise ValueError(
                    f"{prefix}.{name} is {arguments[name]}, but the data have {shared[name]}: "
                    f"leave it out; it follows data.{name}."
                )
            arguments[name] = shared[name]


def _parameters(class_path):
    """Arguments of a class or function, including those that a class passes on to its bases."""
    target = _import(class_path)
    chain = [c.__init__ for c in target.__mro__] if isinstance(target, type) else [target]
    names = {n for f in chain for n in inspect.signature(f).parameters}
    return names - {"self", "args", "kwargs"}


def _known_keys(spec, prefix):
    """Dotted names of everything that can be set below a section of a recipe."""
    if not isinstance(spec, dict) or "class_path" not in spec:
        return {prefix}
    given = spec.get("init_args") or {}
    nested = (
        _known_keys(given.get(name), f"{prefix}.{name}") | {f"{prefix}.{name}"}
        for name in _parameters(spec["class_path"])
    )
    return {f"{prefix}.class_path"}.union(*nested)


def _given_keys(spec, prefix):
    """Dotted names of everything that is set below a section of a recipe."""
    for name, value in (spec.get("init_args") or {}).items():
        yield f"{prefix}.{name}"
        if isinstance(value, dict) and "class_path" in value:
            yield from _given_keys(value, f"{prefix}.{name}")


def _given(recipe, overrides):
    """Lists every key that is set; rejects an unknown one, naming the closest known key."""
    known = _known_keys(recipe["data"], "data") | _known_keys(recipe["method"], "method")
    known |= {f"fit.{field.name}" for field in dataclasses.fields(Fit)}
    known |= {f"probe.{field.name}" for field in dataclasses.fields(Probe)}
    given = [item[2:].partition("=")[0] for item in overrides if item.startswith("--")]
    given += [f"{s}.{key}" for s in ("fit", "probe") for key in recipe.get(s) or {}]
    given += [key for s in ("data", "method") for key in _given_keys(recipe[s], s)]
    given = [key.replace(".init_args.", ".") for key in given]
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1) or sorted(known)
            raise ValueError(f"There is no key {key!r}; did you mean {near[0]!r}?")
    return given


def _sentence(error):
    """Reduces the error of jsonargparse to the key, the value and what is allowed."""
    text = str(error)
    keys = re.findall(r'[Kk]ey "([^"]+)"', text)
    given = re.findall(r"(?:Given|Got) value: (.+)", text)
    expected = [
        x for x in re.findall(r"Expected [^\n]+?(?=\. Got|\n|$)", text) if "NoneType" not in x
    ]
    if not keys or not given:
        return f"The recipe cannot be read: {' '.join(text.split())}"
    key, value = keys[-1], given[-1]
    nested = re.fullmatch(r"NestedArg\(key='(.+?)', val=(.+)\)", value)
    if nested:
        key, value = f"{keys[0].split('.')[0]}.{nested[1]}", nested[2]
    allowed = "; or ".join(dict.fromkeys(expected)) or " ".join(text.split())
    allowed = re.sub(r"<class '([\w.]+)'>|typing\.", r"\1", allowed)
    allowed = re.sub(r"Literal\[([^]]+)\]", lambda found: found[1].replace(",", " or"), allowed)
    return f"{key} cannot be {value}. {allowed.replace('Expected a ', 'It takes ')}."
