"""Generation of audio with a trained WaveNet or WaveRNN."""

from pathlib import Path

import librosa
import numpy as np
import soundfile

from mmssl.files import atomic_write
from mmssl.generation.samplers import SAMPLERS, audio_sampler

SECONDS = 4.0  # default length
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
    """Samples audio from a trained WaveNet or WaveRNN and writes it to 16-bit files.

    Args:
        run: Run of a recipe whose method is WaveNet or WaveRNN.
        out: `.wav` or `.flac` file to write; with `count` above 1, `y.wav` becomes `y-1.wav`, ....
        seconds: duration to generate after the prompt; None for 4 seconds, or the duration of
            `like`.
        prompt: audio file to continue, at any sample rate; every output starts with it, quantized
            as the model sees it. None starts from silence.
        temperature: 1 samples from the model's distribution, lower values sharpen it, 0 always
            takes the most likely code.
        count: number of files, generated at once.
        seed: random seed.
        speaker: name of a speaker of the training data, for a model conditioned on speakers; None
            for an unknown speaker.
        like: audio file whose log-mel frames condition a model trained with them.
        tell: function called with messages for the user, each a str.
        progress: None, or function called with (samples done, total samples).

    Returns:
        list of pathlib.Path.

    Raises:
        ValueError: the run's method is neither WaveNet nor WaveRNN, an argument is out of range or
            incompatible with the run, or a file cannot be read.
    """
    method = run.method(*SAMPLERS)
    sampler = audio_sampler(method)
    paths = output_paths(out, count)
    if seconds is not None and seconds <= 0:
        raise ValueError(f"seconds must be above 0; got {seconds}.")
    heard = read_sound(run.data, prompt, "prompt", tell) if prompt else np.zeros(0, "float32")
    given = _conditions(run, method, count, speaker, like, prompt, tell)
    samples = _samples(run, seconds, given.get("log_mel"))
    codes = sampler.encode(heard)
    drawn = sampler.generate(
        np.stack(count * [sampler.context(codes)]),
        samples,
        temperature,
        seed,
        sampler.conditions(**given),
        progress,
    )
    waves = sampler.decode(np.concatenate([np.stack(count * [codes]), drawn], axis=1))
    for path, wave in zip(paths, waves, strict=True):
        with atomic_write(path) as beside:
            soundfile.write(beside, wave, run.data.sample_rate, "PCM_16")
    return paths


def output_paths(out, count):
    """Lists the files to write: `y.wav`, or `y-1.wav`, `y-2.wav` ... of several.

    Args:
        out: `.wav` or `.flac` file.
        count: int, their number.

    Returns:
        list of pathlib.Path.

    Raises:
        ValueError: the file has another ending, or the count is below 1.
    """
    out = Path(out)
    if out.suffix not in ENDINGS:
        raise ValueError(f"out must end in {' or '.join(ENDINGS)}; got {out}.")
    if count < 1:
        raise ValueError(f"count must be 1 or more; got {count}.")
    if count == 1:
        return [out]
    return [out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, count + 1)]


def read_sound(data, path, what, tell):
    """Reads an audio file at the sample rate of a pipeline of sound.

    Args:
        data: mmssl.pipelines.audio.AudioWindows.
        path: the file.
        what: str, what the error calls it.
        tell: function called with a message, a str, if it is resampled.

    Returns:
        float32 array (T,).

    Raises:
        ValueError: there is no such file, or it cannot be read.
    """
    if not Path(path).is_file():
        raise ValueError(f"{what} must be an audio file; there is none at {path}.")
    source = data.open(str(path))
    wave, rate = data.preview(source, 0)
    found = librosa.get_samplerate(path)
    if found != rate:
        tell(f"{path} was resampled from {found} Hz to the run's sample rate of {rate} Hz.")
    return wave


def _conditions(run, method, count, speaker, like, prompt, tell):
    """The sampler's conditions by the names of the encoder's inputs; unknown ones raise."""
    takes, given = method.encoder.input, {}
    if speaker is not None and "speaker" not in takes:
        raise ValueError(f"{run.folder} was not trained with speakers: omit speaker.")
    if like is not None and "log_mel" not in takes:
        raise ValueError(f"{run.folder} was not trained with log-mel frames: omit like.")
    if "speaker" in takes:
        names = ["", *run.data.speaker_names]
        if (speaker or "") not in names:
            raise ValueError(f"speaker must be one of {', '.join(names[1:])}; got {speaker!r}.")
        given["speaker"] = np.full(count, names.index(speaker or ""), "int32")
    if "log_mel" in takes:
        if like is None or prompt is not None:
            raise ValueError(
                f"{run.folder} was trained with log-mel frames: pass like=<audio file> to take "
                "them from, and no prompt."
            )
        frames = run.data.frames(read_sound(run.data, like, "like", tell)).numpy()
        given["log_mel"] = np.tile(frames, (count, 1, 1))
    return given


def _samples(run, seconds, frames):
    wanted = None if seconds is None else round(seconds * run.data.sample_rate)
    if frames is None:
        return wanted or round(SECONDS * run.data.sample_rate)
    available = frames.shape[1] * run.data.mel_hop
    return min(wanted or available, available)
