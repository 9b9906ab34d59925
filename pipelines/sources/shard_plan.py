"""The plan of shards that are being written: a call that goes on must have the same one."""

import hashlib
import json

from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.fingerprint import fingerprint

UNFINISHED = ".unfinished"  # the folder of notes of shards that are done, until all are
_PLAN = "plan.json"


def source_plan(source, shards):
    """Returns what shards depend on of a source and of their number, dict of JSON values."""
    data = json.dumps(fingerprint(source), sort_keys=True).encode()
    return {
        "data": hashlib.sha256(data).hexdigest()[:16],
        "names": source.fingerprint(),
        "items": len(source),
        "columns": sorted(source.columns),
        "shards": shards,
    }


def begin(folder, plan, held):
    """Writes the plan of shards, or compares it with that of a call that was ended.

    Args:
        folder: of the shards, local or remote.
        plan: dict of JSON values, all that the shards depend on.
        held: see `check_plan`.

    Raises:
        ValueError: another plan was begun there.
    """
    path = places.inside(folder, f"{UNFINISHED}/{_PLAN}")
    if places.exists(path):
        check_plan(folder, json.loads(places.read_bytes(path)), plan, held)
        return
    places.write_bytes(path, json.dumps(plan).encode())


def check_plan(folder, before, plan, held):
    """Compares the plan of shards that are there with another.

    Args:
        folder: of the shards.
        before: dict, the plan of those that are there.
        plan: dict.
        held: what the folder holds where they differ, for the message, a str.

    Raises:
        ValueError: they differ.
    """
    changed = sorted(key for key in plan if before.get(key) != plan[key])
    if changed:
        raise ValueError(
            f"{folder} holds {held} ({', '.join(changed)} differ): choose another folder, or "
            "delete it"
        )
