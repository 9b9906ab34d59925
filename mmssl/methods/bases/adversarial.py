"""The base class of methods that learn against a discriminator."""

import keras
from keras import ops

from mmssl.losses.adversarial import discriminator_accuracy, discriminator_loss, generator_loss
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.optimizers import PairedOptimizer


class AdversarialPretrainer(Pretrainer):
    """A method one part of which, the generator, is judged by another, the discriminator D.

        adversarial   = -log D(fake)                         moves the generator alone
        discriminator = -log D(real) - log(1 - D(fake))      moves D alone

    (Goodfellow et al. 2014, arXiv 1406.2661, non-saturating.) In the first D's weights are held
    constant, in the second `fake` is. No gradient of one player reaches the other, so both losses
    are added and one step serves both, as the official code of context encoders takes both from
    one forward pass; each player has an optimizer of its own, which clips that player's gradient.

    A subclass adds what `adversarial_terms` returns to its `loss_terms`.

    Args:
        encoder: see Pretrainer.
        discriminator: functional keras.Model, one tensor to logits; None for no adversary.
        discriminator_lr_ratio: D's learning rate in a run, as a share of the generator's; above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: `discriminator_lr_ratio` is not above 0.
    """

    adversarial_metric_names = ("adversarial", "discriminator", "discriminator_accuracy")

    def __init__(
        self,
        encoder: keras.Model,
        discriminator: keras.Model | None = None,
        discriminator_lr_ratio: float = 0.1,
        **kwargs,
    ):
        if discriminator_lr_ratio <= 0:
            raise ValueError(
                f"{type(self).__name__}(discriminator_lr_ratio=...) is above 0; got "
                f"{discriminator_lr_ratio}."
            )
        if discriminator is not None:
            self.metric_names = (*self.metric_names, *self.adversarial_metric_names)
        super().__init__(encoder, **kwargs)
        self.discriminator = discriminator
        self.discriminator_lr_ratio = discriminator_lr_ratio

    def adversarial_terms(self, real, fake, training):
        """Lets the discriminator judge, and reports how often it is right.

        Args:
            real: what D should take for real, (B, ...).
            fake: what the generator made, (B, ...).
            training: whether this is a training step.

        Returns:
            dict of the terms `adversarial` and `discriminator`; empty without an adversary.
        """
        if self.discriminator is None:
            return {}
        of_real = self.discriminator(real, training=training)
        of_fake = self.discriminator(ops.stop_gradient(fake), training=training)
        self.update_metric("discriminator_accuracy", discriminator_accuracy(of_real, of_fake))
        return {
            "adversarial": generator_loss(self._frozen_discriminator(fake, training)),
            "discriminator": discriminator_loss(of_real, of_fake),
        }

    def _frozen_discriminator(self, fake, training):
        """Runs the discriminator without a way back to its weights, nor to its statistics."""
        weights = [ops.stop_gradient(v.value) for v in self.discriminator.trainable_variables]
        others = [v.value for v in self.discriminator.non_trainable_variables]
        logits, _ = self.discriminator.stateless_call(weights, others, fake, training=training)
        return logits

    def make_optimizers(self, make):
        if self.discriminator is None:
            return super().make_optimizers(make)
        judging = self.discriminator.trainable_variables
        theirs = {id(v) for v in judging}
        generating = [v for v in self.trainable_variables if id(v) not in theirs]
        return {
            "optimizer": make(generating),
            "discriminator_optimizer": make(judging, self.discriminator_lr_ratio),
        }

    def compile(self, optimizer, discriminator_optimizer=None, **kwargs):
        """Compiles as Keras does, with an optimizer for each player.

        Args:
            optimizer: keras optimizer of the generator, or its name.
            discriminator_optimizer: that of the discriminator; needed where there is one.
            **kwargs: passed to keras.Model.compile.

        Raises:
            ValueError: there is a discriminator without an optimizer, or the other way round.
        """
        if (self.discriminator is None) != (discriminator_optimizer is None):
            raise ValueError(
                f"{type(self).__name__}.compile(discriminator_optimizer=...) belongs to a "
                f"discriminator: there is {'none' if self.discriminator is None else 'one'}, and "
                f"the optimizer is {discriminator_optimizer!r}."
            )
        if self.discriminator is not None:
            pair = map(keras.optimizers.get, (optimizer, discriminator_optimizer))
            optimizer = PairedOptimizer(*pair, self.discriminator.trainable_variables)
            optimizer.build(self.trainable_variables)
        super().compile(optimizer, **kwargs)
