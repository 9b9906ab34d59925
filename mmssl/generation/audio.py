"""Sound out of a trained WaveNet."""

from pathlib import Path

import librosa
import numpy as np
import soundfile

from mmssl.encoders import receptive_field
from mmssl.files import atomic_write
from mmssl.generation.wavenet_sampler import WaveNetSampler
from mmssl.layers import mu_law_decode, mu_law_encode
from mmssl.methods.wavenet import WaveNet

SECONDS = 4.0  # where nothing else says how long
ENDINGS = (".wav", ".flac")


def generate_audio(
    run,
    out="generated.wav",
    seconds=None,
    prompt=None,
    temperature=1.0,
    count=1,
    seed=0,
    speaker=None,
    like=None,
    tell=lambda sentence: None,
    progress=None,
):
    """Samples sound from a trained WaveNet and writes it to files of 16 bits.

    Args:
        run: Run of a recipe whose method is WaveNet.
        out: `.wav` or `.flac` to write; with `count` above 1, `y.wav` becomes `y-1.wav`, ....
        seconds: how much to generate, behind the prompt; 4 where None, or as long as `like`.
        prompt: sound file to go on from, at any sample rate; it stands at the start of every file
            as the model hears it. None begins in silence.
        temperature: 1 samples from the model, less from its likelier part, 0 takes the likeliest.
        count: files, generated at once.
        seed: of the draws.
        speaker: name of a speaker of the training data, for a model conditioned on it; None for an
            unknown one.
        like: sound file whose log-mel frames are given to a model conditioned on them.
        tell: function of a sentence that the user should hear of.
        progress: None or function (samples done, samples in all).

    Returns:
        list of pathlib.Path.

    Raises:
        ValueError: the run is of another method, an argument is out of its range or does not go
            with the run, or a file cannot be read.
    """
    method = run.method(WaveNet)
    sampler = WaveNetSampler(method)
    paths = _paths(out, count)
    if seconds is not None and seconds <= 0:
        raise ValueError(f"seconds is above 0; got {seconds}.")
    start = _read(run, prompt, "prompt", tell) if prompt else np.zeros(1, "float32")
    given = _conditions(run, method, count, speaker, like, prompt, tell)
    samples = _samples(run, seconds, given.get("log_mel"))
    codes = np.asarray(mu_law_encode(start, method.levels))
    drawn = sampler.generate(
        np.tile(codes[-receptive_field(method.encoder) :], (count, 1)),
        samples,
        temperature,
        seed,
        sampler.conditions(**given),
        progress,
    )
    heard = np.tile(codes, (count, 1)) if prompt else drawn[:, :0]
    waves = np.asarray(mu_law_decode(np.concatenate([heard, drawn], axis=1), method.levels))
    for path, wave in zip(paths, waves, strict=True):
        with atomic_write(path) as beside:
            soundfile.write(beside, wave, run.data.sample_rate, "PCM_16")
    return paths


def _paths(out, count):
    out = Path(out)
    if out.suffix not in ENDINGS:
        raise ValueError(f"--out ends in {' or '.join(ENDINGS)}; got {out}.")
    if count < 1:
        raise ValueError(f"count is 1 or more; got {count}.")
    if count == 1:
        return [out]
    return [out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, count + 1)]


def _read(run, path, what, tell):
    """Reads a sound file at the run's sample rate."""
    if not Path(path).is_file():
        raise ValueError(f"The {what} is a sound file; there is none at {path}.")
    source = run.data.open(str(path))
    wave, rate = run.data.preview(source, 0)
    found = librosa.get_samplerate(path)
    if found != rate:
        tell(f"The {what} {path} was resampled from {found} to the run's {rate} samples a second.")
    return wave


def _conditions(run, method, count, speaker, like, prompt, tell):
    """What the sampler is told, by the encoder's names; a condition the run lacks is refused."""
    takes, given = method.encoder.input, {}
    if speaker is not None and "speaker" not in takes:
        raise ValueError(f"{run.folder} was not trained with speakers: leave out speaker.")
    if like is not None and "log_mel" not in takes:
        raise ValueError(f"{run.folder} was not trained with log-mel frames: leave out like.")
    if "speaker" in takes:
        names = ["", *run.data.speaker_names]
        if (speaker or "") not in names:
            raise ValueError(f"There is no speaker {speaker!r}; there are {', '.join(names[1:])}.")
        given["speaker"] = np.full(count, names.index(speaker or ""), "int32")
    if "log_mel" in takes:
        if like is None or prompt is not None:
            raise ValueError(
                f"{run.folder} was trained with log-mel frames: give like=<sound file> to take "
                "them from, and no prompt."
            )
        frames = run.data.frames(_read(run, like, "model sound", tell)).numpy()
        given["log_mel"] = np.tile(frames, (count, 1, 1))
    return given


def _samples(run, seconds, frames):
    wanted = None if seconds is None else round(seconds * run.data.sample_rate)
    if frames is None:
        return wanted or round(SECONDS * run.data.sample_rate)
    there = frames.shape[1] * run.data.mel_hop
    return min(wanted or there, there)
