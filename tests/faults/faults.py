"""All faults; those of a room lie in a file of its name, the methods in two, by what they do."""

from tests.faults import (
    bases,
    deploy,
    distribution,
    encoders,
    evaluation,
    in_graph,
    joint_embedding,
    layers,
    losses,
    optimizers,
    pipelines,
    prediction,
    runs,
    search,
    serving,
    shards,
    suggest,
    training,
)

ROOMS = (
    joint_embedding,
    prediction,
    bases,
    losses,
    layers,
    encoders,
    pipelines,
    distribution,
    optimizers,
    runs,
    training,
    evaluation,
    deploy,
    in_graph,
    search,
    suggest,
    serving,
    shards,
)
FAULTS = tuple(fault for room in ROOMS for fault in room.FAULTS)
