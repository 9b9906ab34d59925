"""Special tokens: which token of a vocabulary has which role."""

from dataclasses import dataclass

# The names that published vocabularies give a role, the most specific first.
NAMES = {
    "unknown": ("[UNK]", "<unk>"),
    "pad": ("[PAD]", "<pad>", "<|padding|>"),
    "cls": ("[CLS]", "<cls>", "<s>", "<|endoftext|>"),
    "sep": ("[SEP]", "<sep>", "</s>", "<|endoftext|>"),
    "mask": ("[MASK]", "<mask>"),
    "end": ("<|endoftext|>", "</s>", "[SEP]", "<sep>"),
}
# The keys of tokenizer_config.json that name the token of a role.
KEYS = {
    "unknown": "unk_token",
    "pad": "pad_token",
    "cls": "cls_token",
    "sep": "sep_token",
    "mask": "mask_token",
    "end": "eos_token",
}


@dataclass(frozen=True)
class Specials:
    """The ids of special tokens; None where no token has the role.

    Attributes:
        unknown: what has no other token.
        pad: after the end of a text.
        cls: before a text.
        sep: after a text.
        mask: in place of a token that is to be predicted.
        end: between documents.
    """

    unknown: int | None = None
    pad: int | None = None
    cls: int | None = None
    sep: int | None = None
    mask: int | None = None
    end: int | None = None

    def ids(self):
        """Returns the ids of the special tokens, ascending."""
        return sorted({i for i in vars(self).values() if i is not None})


def find_specials(tokens, settings, needed):
    """Finds the special tokens of a published vocabulary.

    Args:
        tokens: list of str, the token of each id.
        settings: dict, the content of tokenizer_config.json; what it names comes before `NAMES`.
        needed: roles that a token must have. Where none has, one is added at the end of the table,
            so that the ids of the others stay; [PAD] also where the padding would be the token of
            another role that is needed.

    Returns:
        Specials, and the list of the tokens that were added.

    Raises:
        ValueError: there is no name left for one that has to be added.
    """
    ids = {token: i for i, token in enumerate(tokens)}
    found, added = {}, []
    for role, names in NAMES.items():
        given = settings.get(KEYS[role])
        candidates = names if given is None else (given, *names)
        found[role] = next((ids[name] for name in candidates if name in ids), None)
    shared = {found[role] for role in needed if role != "pad"}
    if "pad" in needed and found["pad"] in shared:
        found["pad"] = None
    for role in needed:
        if found[role] is None:
            found[role] = len(tokens) + len(added)
            free = [name for name in NAMES[role] if name not in ids]
            if not free:
                raise ValueError(f"it has {', '.join(NAMES[role])}, but none of them as its {role}")
            added.append(free[0])
    return Specials(**found), added


def padding(specials):
    """Returns the id that fills blocks of running text: the end of a text's, if there is no other.

    Args:
        specials: Specials with an end.
    """
    return specials.end if specials.pad is None else specials.pad
