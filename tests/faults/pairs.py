"""Faults in pairs: how they are joined, contrasted and used."""

from tests.faults.fault import Fault

_LOSSES = ("tests/losses/test_clip.py",)
_PAIRS = ("tests/pipelines/pairs/test_pairs.py",)
_METHOD = ("tests/methods/test_clip.py",)

FAULTS = (
    Fault(
        "pairs are contrasted in one direction alone",
        "mmssl/losses/clip.py",
        "return (forth + match_loss(second, first, scale, same, label_smoothing)) / 2",
        "return (forth + match_loss(first, second, scale, same, label_smoothing)) / 2",
        _LOSSES,
    ),
    Fault(
        "another pair with the same caption is a negative",
        "mmssl/losses/clip.py",
        "(others <= MASKED_SCORE) | same",
        "(others <= MASKED_SCORE) | (same & False)",
        _LOSSES,
    ),
    Fault(
        "what is left out counts among the smoothed targets",
        "mmssl/losses/clip.py",
        "(positive - total / counted)",
        "(positive - total / ops.cast(ops.shape(others)[1], 'float32'))",
        _LOSSES,
    ),
    Fault(
        "the sigmoid takes pairs for others and others for pairs",
        "mmssl/losses/siglip.py",
        "ops.where(pairs, -logits, logits)",
        "ops.where(pairs, logits, -logits)",
        ("tests/losses/test_siglip.py",),
    ),
    Fault(
        "halves of the second replica are numbered like those of the first",
        "mmssl/losses/siglip.py",
        "+ number * rows)[None, :]",
        ")[None, :]",
        ("tests/losses/test_elsewhere.py",),
    ),
    Fault(
        "the scale is not bounded",
        "mmssl/methods/clip.py",
        "MOST = math.log(100)",
        "MOST = math.log(1000)",
        _METHOD,
    ),
    Fault(
        "a locked tower is trained",
        "mmssl/methods/bases/towers.py",
        "                variable.trainable = False",
        "                variable.trainable = True",
        _METHOD,
    ),
    Fault(
        "what is level with a match is ranked behind it",
        "mmssl/methods/bases/retrieval.py",
        "(scores >= best)",
        "(scores > best)",
        _METHOD,
    ),
    Fault(
        "the vectors of a class are averaged and not normalized",
        "mmssl/methods/bases/retrieval.py",
        "    return rows / np.linalg.norm(rows, axis=1, keepdims=True)",
        "    return rows",
        _METHOD,
    ),
    Fault(
        "the end token is found by the length of the row",
        "mmssl/layers/pooling.py",
        "counts = ops.sum(mask, axis=1, keepdims=True)",
        "counts = ops.sum(ops.ones_like(mask), axis=1, keepdims=True)",
        _METHOD,
    ),
    Fault(
        "a pair always shows its first caption",
        "pipelines/pairs/pairs.py",
        "item = items[_drawn(begins[index], ends[index], half_key)]",
        "item = items[begins[index]]",
        _PAIRS,
    ),
    Fault(
        "items are numbered as if all could be read",
        "pipelines/pairs/joining.py",
        "np.cumsum(readable) - 1",
        "np.arange(len(readable))",
        _PAIRS,
    ),
    Fault(
        "a member of a shard may lead out of it",
        "pipelines/pairs/shards.py",
        'if member.name.startswith("/") or ".." in parts:',
        'if member.name.startswith("//"):',
        _PAIRS,
    ),
    Fault(
        "equal captions are items of their own",
        "pipelines/pairs/paired.py",
        "numbers.setdefault(text, len(numbers)) for text",
        "numbers.setdefault(f'{len(numbers)} {text}', len(numbers)) for text",
        _PAIRS,
    ),
    Fault(
        "the temperature multiplies",
        "mmssl/methods/align.py",
        "clip_loss(*outputs.values(), 1 / temperature,",
        "clip_loss(*outputs.values(), temperature,",
        ("tests/methods/test_align.py",),
    ),
    Fault(
        "texts that many pairs have stay",
        "pipelines/pairs/filtered.py",
        "pairs > self.repeats",
        "pairs > 10 * self.repeats",
        ("tests/methods/test_align.py",),
    ),
)
