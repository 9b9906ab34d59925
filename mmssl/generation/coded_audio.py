"""Generation of sound from priors over its codes, from the top level down."""

import keras
import numpy as np
import soundfile

from mmssl.files import atomic_write
from mmssl.generation.audio import SECONDS, output_paths, read_sound
from mmssl.generation.code_sampler import CodeSampler
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.codes.spec import DECODER_FILE, ENCODER_FILE


def generate_coded_audio(
    run,
    out="generated.wav",
    seconds=None,
    prompt=None,
    lower=(),
    temperature=1.0,
    hop_fraction=0.5,
    labels=(),
    count=1,
    seed=0,
    tell=lambda sentence: None,
    progress=None,
):
    """Samples codes of sound level by level, decodes those of the lowest, and writes 16-bit files.

    Args:
        run: Run of a recipe whose method is CodePrior, over the top level of a tokenizer of sound.
        out: see `generate_audio`, as for the next two.
        seconds: duration to generate after the prompt; None for 4 seconds.
        prompt: audio file to continue, at any sample rate; every output starts with what its codes
            keep of it, but for less than a code of the top level at its beginning.
        lower: Runs of CodePrior over the levels below, from the top down; without those of
            all levels, what is heard is as coarse as the last one.
        temperature: 1 samples from the priors, lower values sharpen them, 0 always takes the most
            likely code.
        hop_fraction: new codes of a window over its places, above 0 and at most 1; less is slower,
            and each code then follows from more before it.
        labels: list of str such as `speaker=theo`, what priors with `data.conditions` are told;
            those that are not given are unknown.
        count: number of files, generated at once.
        seed: random seed.
        tell: function called with messages for the user, each a str.
        progress: None, or function called with (codes done, total codes), of all levels.

    Returns:
        list of pathlib.Path.

    Raises:
        ValueError: the runs are not of one tokenizer of sound, or not in order; an argument is out
            of range; or a file cannot be read.
    """
    paths = output_paths(out, count)
    if seconds is not None and seconds <= 0:
        raise ValueError(f"seconds must be above 0; got {seconds}.")
    runs, spec = [run, *lower], run.data.spec
    levels = _levels(runs)
    told = [_numbers(each, labels, runs) for each in runs]
    known = _prompt_codes(run, prompt, tell)
    wanted = round((SECONDS if seconds is None else seconds) * spec.sample_rate)
    before = known[levels[0]].shape[1]
    samplers = [CodeSampler(each.method()) for each in runs]
    # An upsampler sees a whole window of the level above.
    least = max(s.context // spec.sizes[level] for level, s in zip(levels, samplers, strict=True))
    tops = max(before - (-wanted // spec.hop), least if lower else 0)
    total, done, codes = sum(tops * spec.sizes[level] for level in levels), 0, {}
    for number, (level, sampler) in enumerate(zip(levels, samplers, strict=True)):
        report = None if progress is None else lambda n, _, done=done: progress(done + n, total)
        codes[level] = sampler.generate(
            np.repeat(known[level], count, axis=0),
            tops * spec.sizes[level],
            codes[levels[number - 1]] if number else None,
            None if told[number] is None else np.repeat(told[number], count, axis=0),
            hop_fraction=hop_fraction,
            temperature=temperature,
            seed=seed + number,
            progress=report,
        )
        done += tops * spec.sizes[level]
    waves = decoded(run, codes)[:, : before * spec.hop + wanted]
    for path, wave in zip(paths, waves, strict=True):
        with atomic_write(path) as beside:
            soundfile.write(beside, np.clip(wave, -1, 1), spec.sample_rate, "PCM_16")
    return paths


def decoded(run, codes):
    """Decodes codes of the top level and of those below, as far as there are any.

    Args:
        run: Run that learned from them.
        codes: dict from a level to int32 (B, T).

    Returns:
        float32 array (B, S).

    Raises:
        ValueError: a tokenizer decodes only codes of all its levels together.
    """
    network, lowest = run.coder(DECODER_FILE).network, [*codes][-1]
    name = "outputs" if set(codes) == set(network.input) else f"outputs_{lowest}"
    if name not in network.output:
        raise ValueError(
            f"{run.folder} decodes codes of the levels {', '.join(network.input)} together: name "
            "runs over the levels below the top, --lower RUN."
        )
    needed = codes if name == "outputs" else {lowest: codes[lowest]}
    part = keras.Model({n: network.input[n] for n in needed}, network.output[name])
    return np.asarray(part({n: np.asarray(x, "int32") for n, x in needed.items()}))


def _levels(runs):
    """Returns the levels of the runs, after checking that these go from the top down."""
    first, *_ = specs = [run.data.spec for run in runs]
    if first.sample_rate is None:
        raise ValueError(f"{runs[0].folder} was trained on codes of pictures, not of sound.")
    levels = [run.data.level or spec.levels[0] for run, spec in zip(runs, specs, strict=True)]
    if levels != first.levels[: len(runs)] or any(spec != first for spec in specs):
        told = ", ".join(f"{run.folder} ({x})" for run, x in zip(runs, levels, strict=True))
        raise ValueError(
            f"runs must be of one tokenizer's levels from the top down, {', '.join(first.levels)}; "
            f"got {told}."
        )
    return levels


def _numbers(run, labels, runs):
    """Numbers what a run is told of the labels: int32 (1, columns), None of one without any."""
    given = dict(label.split("=", 1) for label in labels if "=" in label)
    columns = {c for each in runs if each.data.conditions for c in each.data.conditions}
    if len(given) < len(labels) or not set(given) <= columns:
        raise ValueError(
            f"labels are given once each as column=label, of {', '.join(sorted(columns)) or 'none'}"
            f"; got {', '.join(labels)}."
        )
    if not run.data.conditions:
        return None
    numbers = []
    for column, names in run.data.conditioned.names.items():
        if column in given and given[column] not in names:
            raise ValueError(f"{column} must be one of {', '.join(names)}; got {given[column]}.")
        numbers.append(names.index(given[column]) + 1 if column in given else 0)
    return np.int32([numbers])


def _prompt_codes(run, prompt, tell):
    """Encodes the end of a recording, a whole number of codes of the top level."""
    spec = run.data.spec
    if prompt is None:
        return {level: np.zeros((1, 0), "int32") for level in spec.levels}
    reader = AudioWindows(str(prompt), sample_rate=spec.sample_rate)
    wave = read_sound(reader, prompt, "prompt", tell)
    wave = wave[len(wave) % spec.hop :]
    if not len(wave):
        raise ValueError(f"{prompt} is shorter than a code of the top level, {spec.hop} samples.")
    batch = {"waveform": wave[None], "padding_mask": np.ones((1, len(wave)), "int32")}
    return run.coder(ENCODER_FILE)(batch)
