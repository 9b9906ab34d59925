"""The base class of methods whose adversary begins late and weighs as much as reconstruction."""

from typing import Literal

import keras
from keras import ops

from mmssl import distribution
from mmssl.choices import check_choices
from mmssl.losses.adversarial import (
    adaptive_weight,
    discriminator_loss,
    hinge_discriminator_loss,
    linear_generator_loss,
)
from mmssl.methods.bases.adversarial import AdversarialPretrainer
from mmssl.methods.bases.gradients import constant_gradient

Adversary = Literal["hinge", "softplus"]


class BalancedAdversary(AdversarialPretrainer):
    """A method with a discriminator D, as VQ-GAN trains it (Esser et al. 2021, arXiv 2012.09841).

        adversarial   = -w a mean D(fake)
        discriminator = (mean max(0, 1 - D(real)) + mean max(0, 1 + D(fake))) / 2

    w makes both losses of the generator move one kernel, its last, by as much, see
    `mmssl.losses.adaptive_weight`; the gradients there are means over the replicas. Both terms are
    0 for the first `start` steps of the generator, in which D is not trained.

    A subclass adds the result of `balanced_terms` to its `loss_terms`.

    Args:
        encoder: see Pretrainer.
        discriminator: functional keras.Model from one tensor to logits.
        discriminator_lr_ratio: D's learning rate in a run, relative to the generator's; above 0.
        adversary: D's loss: `hinge`, or `softplus`, half of the cross-entropy.
        adversarial_weight: a, 0 or more.
        start: number of steps before D is trained, 0 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    generator_loss = staticmethod(linear_generator_loss)
    adversarial_metric_names = (
        *AdversarialPretrainer.adversarial_metric_names,
        "adaptive_weight",
    )

    def __init__(
        self,
        encoder: keras.Model,
        discriminator: keras.Model,
        discriminator_lr_ratio: float = 1.0,
        adversary: Adversary = "hinge",
        adversarial_weight: float = 0.8,
        start: int = 10_000,
        **kwargs,
    ):
        check_choices(BalancedAdversary.__init__, adversary=adversary)
        if adversarial_weight < 0 or start < 0:
            raise ValueError(
                f"{type(self).__name__} needs an adversarial_weight and a start of 0 or more; got "
                f"adversarial_weight={adversarial_weight}, start={start}."
            )
        super().__init__(encoder, discriminator, discriminator_lr_ratio, **kwargs)
        self.adversary, self.adversarial_weight, self.start = adversary, adversarial_weight, start
        self.steps = self.add_weight(
            (), dtype="int32", initializer="zeros", trainable=False, name="generator_steps"
        )

    def begin_step(self):
        self.steps.assign_add(1)

    def discriminator_loss(self, real, fake):
        """Computes D's loss of its outputs for real and for generated examples."""
        if self.adversary == "hinge":
            return hinge_discriminator_loss(real, fake)
        return discriminator_loss(real, fake) / 2

    def balanced_terms(self, real, fake, training, weight):
        """Computes the losses of both players, 0 before the start.

        Args:
            real: (B, ...), real examples.
            fake: (B, ...), generated examples.
            training: whether this is a training step.
            weight: scalar, what `balance` returned.

        Returns:
            dict of the terms `adversarial` and `discriminator`.
        """
        begun = ops.cast(self.steps.value > self.start, "float32")
        terms = self.adversarial_terms(real, fake, training)
        self.update_metric("adaptive_weight", begun * weight)
        return {
            "adversarial": begun * weight * terms["adversarial"],
            "discriminator": begun * terms["discriminator"],
        }

    def balance(self, kernel, generate, reconstruct, training):
        """Computes w a.

        Args:
            kernel: variable of the generator's last layer.
            generate: function from the value of the kernel to generated examples.
            reconstruct: function from generated examples to the scalar loss of reconstruction.
            training: whether this is a training step.

        Returns:
            scalar float32 through which no gradient flows.
        """

        def judged(value):
            return self.generator_loss(self._frozen_discriminator(generate(value), training))

        losses = (lambda value: reconstruct(generate(value))), judged
        found = distribution.mean([constant_gradient(loss, kernel.value) for loss in losses])
        return self.adversarial_weight * adaptive_weight(*found)
