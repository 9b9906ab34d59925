"""Recipes: YAML in the shape of the constructors' signatures."""

from dataclasses import dataclass
from typing import Literal

import jsonargparse
import yaml

from mmssl.recipes import recipe_path
from mmssl.runs.classes import KINDS, check_classes, check_overrides, imported
from mmssl.runs.keys import check_keys, given_keys, known_keys
from mmssl.runs.sentence import sentence

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
        remat: compute what the encoder's blocks compute inside once more for the gradients, instead
            of keeping it (rematerialization): less memory, a forward pass more, the same weights.
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
    remat: bool = False
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


def read_recipe(name, overrides=(), trust=()):
    """Reads a recipe and applies overrides, checking every key and value against the signatures.

    Args:
        name: one of `recipe_names()`, or the path of a YAML file.
        overrides: list of str such as `["--data.source", "folder", "--fit.steps=100"]`.
        trust: names of modules whose classes the recipe may name besides those of mmssl and Keras.

    Returns:
        dict with `data`, `method`, `fit` and `probe`, every argument filled in.

    Raises:
        ValueError: there is no such recipe, a key is unknown, a class is not trusted, or a value
            is not allowed by its signature or contradicts the data.
    """
    config, _ = open_recipe(name, overrides, trust)
    return config


def open_recipe(name, overrides=(), trust=()):
    """Reads a recipe together with the pipeline that it was checked against, to train it.

    Args:
        name: see `read_recipe`.
        overrides: see `read_recipe`.
        trust: see `read_recipe`.

    Returns:
        Pair of the dict that `read_recipe` returns and the Pipeline of its `data` section, not
        prepared.

    Raises:
        ValueError: see `read_recipe`.
    """
    path = recipe_path(name)
    recipe = _read_yaml(path)
    check_sections(recipe, path)
    check_classes(recipe, trust)
    check_overrides(overrides, trust)
    given = [*given_keys(recipe, KINDS), *(x[2:] for x in overrides if x.startswith("--"))]
    given = [key.partition("=")[0].replace(".init_args.", ".") for key in given]
    check_keys(given, _known_keys(recipe))
    arguments = ["--recipe", str(path), *overrides]
    config = _parsed(SECTIONS, lambda parser: parser.parse_args(arguments))
    Fit(**config["fit"])
    data = build(config["data"])
    _share(config, data, given)
    return config, data


def completed(config, trust=(), data=None):
    """Fills in what the recipe in a run folder lacks, as one of an earlier version may.

    Args:
        config: dict with the sections of a recipe, as `read_recipe` returned them when the run
            began; other keys are kept.
        trust: see `read_recipe`.
        data: Pipeline of the data section; None to build it.

    Returns:
        dict; missing arguments have the defaults of the signatures, or follow the data.

    Raises:
        ValueError: a class is not trusted, a key is unknown, or a value is not allowed.
    """
    config = {**config, **{name: resolved(config, name, trust) for name in SECTIONS}}
    Fit(**config["fit"])
    _share(config, build(config["data"]) if data is None else data, given=())
    return config


def check_sections(recipe, name):
    """Refuses what is no recipe at first sight.

    Args:
        recipe: value read from YAML.
        name: str, what the error calls it.

    Raises:
        ValueError: it is not a dict of sections, or data or method name no class.
    """
    if not isinstance(recipe, dict) or not set(recipe) <= set(SECTIONS):
        raise ValueError(f"{name} is not a recipe: its sections are {', '.join(SECTIONS)}.")
    for section in recipe:
        if not isinstance(recipe[section] or {}, dict):
            raise ValueError(f"{name} has no keys under {section}.")
    for section in KINDS:
        spec = recipe.get(section) or {}
        if "class_path" not in spec or not isinstance(spec.get("init_args") or {}, dict):
            raise ValueError(f"{name} names no class_path under {section}, with its init_args.")


def resolved(config, section, trust=()):
    """Fills in one section of the recipe in a run folder; see `completed`."""
    spec = {section: config.get(section) or {}}
    check_classes(spec, trust)
    check_keys(given_keys(spec, KINDS), _known_keys(spec))
    return _parsed([section], lambda parser: parser.parse_object(spec))[section]


def build(spec):
    """Builds what a recipe describes: each `{class_path, init_args}` becomes an object.

    Args:
        spec: a section of the dict that `read_recipe` or `completed` returns, whose classes have
            been checked, or any value in it.

    Returns:
        The object, its arguments built first; any other value is returned unchanged.
    """
    if not isinstance(spec, dict) or "class_path" not in spec:
        return spec
    arguments = {key: build(value) for key, value in spec.get("init_args", {}).items()}
    return imported(spec["class_path"])(**arguments)


def _read_yaml(path):
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None


def _parsed(sections, parse):
    """Checks values against the signatures, and fills in the defaults."""
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--recipe", action="config")
    for section in sections:
        if section in KINDS:
            parser.add_subclass_arguments(KINDS[section], section, required=True)
        else:
            parser.add_class_arguments({"fit": Fit, "probe": Probe}[section], section)
    try:
        parsed = parse(parser).as_dict()
    except jsonargparse.ArgumentError as error:
        raise ValueError(sentence(error)) from None
    return {section: parsed[section] for section in sections}


def _known_keys(recipe):
    classes = {"fit": Fit, "probe": Probe}
    plain = {f"{name}.{key}" for name, c in classes.items() for key in c.__dataclass_fields__}
    return plain.union(*(known_keys(recipe[name], name) for name in KINDS if name in recipe))


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
