"""A formant synthesizer: syllables in several voices, for trying things out without data."""

import numpy as np
from scipy.signal import lfilter

SAMPLE_RATE = 8000
_TAKES = 5

# Center frequencies in hertz of the first three formants of an adult man (rounded from Peterson,
# Barney 1952), to which a fourth is added.
_VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
_BANDWIDTHS = (70, 100, 140, 220)
# Noise of a consonant: center frequency and bandwidth in hertz, duration in seconds, level
# relative to the vowel.
_NOISES = {
    "s": (3500, 700, 0.13, 0.25),
    "sh": (2400, 600, 0.14, 0.3),
    "f": (1800, 3000, 0.11, 0.12),
    "t": (3000, 1500, 0.025, 0.5),
    "k": (1600, 500, 0.035, 0.45),
}
_SOUNDS = ("a", "e", "i", "o", "u", "ai", "sa", "shi", "fe", "ta", "ko", "mu")
# Pitch in hertz, formant frequencies relative to a man's (higher for a shorter vocal tract),
# breathiness, relative fall of the pitch within a syllable.
_SPEAKERS = {
    "anders": (98, 1.0, 0.02, 0.12),
    "boris": (112, 0.93, 0.1, -0.05),
    "carla": (205, 1.16, 0.04, 0.1),
    "dora": (188, 1.1, 0.18, -0.08),
    "emil": (138, 1.05, 0.05, 0.2),
    "fatou": (228, 1.2, 0.09, 0.02),
    "goran": (86, 0.9, 0.05, 0.03),
    "hanna": (172, 1.13, 0.02, 0.18),
}
_NEW_VOICES = ("goran", "hanna")


def make():
    """Synthesizes every syllable in every voice, five times with different duration, pitch, level.

    Returns:
        (list of float32 arrays (T,) of 0.3 to 1.4 seconds; dict of str arrays `name`, `speaker`,
        `sound` (the syllable), `split` (the last take is test) and `voices` (a man and a woman
        are test); sample rate).
    """
    clips, rows = [], []
    for s, (speaker, voice) in enumerate(_SPEAKERS.items()):
        for k, sound in enumerate(_SOUNDS):
            for take in range(_TAKES):
                clips.append(_speak(sound, voice, np.random.default_rng([s, k, take])))
                split = "test" if take == _TAKES - 1 else "train"
                voices = "test" if speaker in _NEW_VOICES else "train"
                rows.append((f"{speaker} {sound} {take}", speaker, sound, split, voices))
    names = ("name", "speaker", "sound", "split", "voices")
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return clips, {name: np.array(column) for name, column in columns}, SAMPLE_RATE


def _speak(sound, voice, rng):
    samples = int(rng.uniform(0.3, 1.4) * SAMPLE_RATE)
    consonant, vowels = _parts(sound)
    onset = _consonant(consonant, voice, rng)[: samples // 2]
    vowel = _vowel(vowels, voice, samples - len(onset), rng)
    clip = np.concatenate([onset, vowel])
    clip *= rng.uniform(0.3, 0.9) / np.abs(clip).max()
    return (clip + 0.001 * rng.standard_normal(samples)).astype(np.float32)


def _parts(sound):
    consonant = sound.rstrip("".join(_VOWELS))
    return consonant, sound[len(consonant) :]


def _consonant(name, voice, rng):
    if name == "m":  # a nasal murmur
        murmur = _voiced(voice, int(0.09 * SAMPLE_RATE), rng)
        return 0.4 * _scaled(_resonator(_resonator(murmur, 250, 80), 2200, 400))
    if not name:
        return np.zeros(0)
    center, width, seconds, loudness = _NOISES[name]
    noise = rng.standard_normal(int(seconds * rng.uniform(0.8, 1.2) * SAMPLE_RATE))
    center = min(center * voice[1] * rng.uniform(0.96, 1.04), 3800)
    return loudness * _faded(_scaled(_resonator(noise, center, width)))


def _vowel(vowels, voice, samples, rng):
    source = _voiced(voice, samples, rng)
    shift = voice[1] * rng.uniform(0.97, 1.03)
    spoken = [_scaled(_through_formants(source, _VOWELS[v], shift)) for v in vowels]
    # A diphthong glides from its first vowel to its last.
    glide = np.clip(np.linspace(-0.5, 1.5, samples), 0, 1)
    return _faded((1 - glide) * spoken[0] + glide * spoken[-1])


def _voiced(voice, samples, rng):
    """Returns the derivative of the glottal flow (Rosenberg's pulse), plus breath noise."""
    pitch, _, breath, fall = voice
    time = np.linspace(0, 1, samples)
    contour = pitch * rng.uniform(0.93, 1.07) * (1 - (fall + rng.uniform(-0.05, 0.05)) * time)
    drift = 1 + 0.01 * lfilter([0.05], [1, -0.95], rng.standard_normal(samples))
    phase = np.cumsum(contour * drift / SAMPLE_RATE) % 1
    opening = 0.5 * (1 - np.cos(np.pi * phase / 0.4))
    closing = np.cos(np.pi / 2 * (phase - 0.4) / 0.16)
    flow = np.where(phase < 0.4, opening, np.where(phase < 0.56, closing, 0))
    return np.diff(flow, prepend=0) + breath * rng.standard_normal(samples) * (0.3 + flow)


def _through_formants(source, formants, shift):
    for center, width in zip((*formants, 3300), _BANDWIDTHS, strict=True):
        source = _resonator(source, min(center * shift, 3850), width)
    return source


def _resonator(signal, center, width):
    """Filters with a pair of complex conjugate poles and unit gain at 0 Hz (Klatt 1980)."""
    radius = np.exp(-np.pi * width / SAMPLE_RATE)
    first, second = 2 * radius * np.cos(2 * np.pi * center / SAMPLE_RATE), -(radius**2)
    return lfilter([1 - first - second], [1, -first, -second], signal)


def _scaled(signal):
    return signal / np.sqrt(np.mean(signal**2))


def _faded(signal):
    edge = min(len(signal) // 2, int(0.02 * SAMPLE_RATE))
    ramp = np.sin(np.linspace(0, np.pi / 2, edge)) ** 2
    signal[:edge] *= ramp
    signal[-edge:] *= ramp[::-1]
    return signal
