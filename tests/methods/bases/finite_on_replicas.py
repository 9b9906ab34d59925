"""Prints the first step that is not finite on two replicas, of which the last has the NaN."""

import tensorflow as tf

from tests.methods.bases.test_finite_watch import batches, mean


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        method = mean()
        method.compile("sgd")
        method.make_train_function()
    rows = batches().unbatch().batch(4)
    for batch in strategy.experimental_distribute_dataset(rows):
        method.take_step(batch)
    print(method.finite.first())


if __name__ == "__main__":
    main()
