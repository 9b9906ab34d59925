"""The base class of methods that train against a discriminator."""

import keras
from keras import ops

from mmssl.losses.adversarial import discriminator_accuracy, discriminator_loss, generator_loss
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.optimizers import PairedOptimizer


class AdversarialPretrainer(Pretrainer):
    """A method whose generator is trained against a discriminator D.

        adversarial   = -log D(fake)                         updates the generator only
        discriminator = -log D(real) - log(1 - D(fake))      updates D only

    (Goodfellow et al. 2014, arXiv 1406.2661, non-saturating.) The first holds D's weights constant,
    the second holds `fake` constant. Since no gradient of one player reaches the other, both losses
    are summed and one training step updates both, as in the official code of context encoders,
    which computes both from one forward pass. Each player has its own optimizer, which clips that
    player's gradients.

    A subclass adds the result of `adversarial_terms` to its `loss_terms`, and may have another
    `generator_loss` and `discriminator_loss` of D's outputs.

    Args:
        encoder: see Pretrainer.
        discriminator: functional keras.Model from one tensor to logits; None for no adversarial
            loss.
        discriminator_lr_ratio: D's learning rate in a run, relative to the generator's; above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: `discriminator_lr_ratio` is not above 0.
    """

    adversarial_metric_names = ("adversarial", "discriminator", "discriminator_accuracy")
    generator_loss = staticmethod(generator_loss)
    discriminator_loss = staticmethod(discriminator_loss)

    def __init__(
        self,
        encoder: keras.Model,
        discriminator: keras.Model | None = None,
        discriminator_lr_ratio: float = 0.1,
        **kwargs,
    ):
        if discriminator_lr_ratio <= 0:
            raise ValueError(
                f"{type(self).__name__}(discriminator_lr_ratio=...) must be above 0; got "
                f"{discriminator_lr_ratio}."
            )
        if discriminator is not None:
            self.metric_names = (*self.metric_names, *self.adversarial_metric_names)
        super().__init__(encoder, **kwargs)
        self.discriminator = discriminator
        self.discriminator_lr_ratio = discriminator_lr_ratio

    def adversarial_terms(self, real, fake, training):
        """Computes the losses of both players and updates the discriminator's accuracy.

        Args:
            real: (B, ...), real examples.
            fake: (B, ...), generated examples.
            training: whether this is a training step.

        Returns:
            dict of the terms `adversarial` and `discriminator`; empty without a discriminator.
        """
        if self.discriminator is None:
            return {}
        of_real = self.discriminator(real, training=training)
        of_fake = self.discriminator(ops.stop_gradient(fake), training=training)
        self.update_metric("discriminator_accuracy", discriminator_accuracy(of_real, of_fake))
        return {
            "adversarial": self.generator_loss(self._frozen_discriminator(fake, training)),
            "discriminator": self.discriminator_loss(of_real, of_fake),
        }

    def _frozen_discriminator(self, fake, training):
        """Runs the discriminator without gradients to its weights or updates to its statistics."""
        weights = [ops.stop_gradient(v.value) for v in self.discriminator.trainable_variables]
        others = [v.value for v in self.discriminator.non_trainable_variables]
        logits, _ = self.discriminator.stateless_call(weights, others, fake, training=training)
        return logits

    def make_optimizers(self, make):
        if self.discriminator is None:
            return super().make_optimizers(make)
        discriminator = self.discriminator.trainable_variables
        excluded = {id(v) for v in discriminator}
        generator = [v for v in self.trainable_variables if id(v) not in excluded]
        return {
            "optimizer": make(generator),
            "discriminator_optimizer": make(discriminator, self.discriminator_lr_ratio),
        }

    def compile(self, optimizer, discriminator_optimizer=None, **kwargs):
        """Compiles the model with one optimizer for each player.

        Args:
            optimizer: keras optimizer of the generator, or its name.
            discriminator_optimizer: keras optimizer of the discriminator, or its name; required if
                and only if there is a discriminator.
            **kwargs: passed to keras.Model.compile.

        Raises:
            ValueError: there is a discriminator without an optimizer, or vice versa.
        """
        if (self.discriminator is None) != (discriminator_optimizer is None):
            has = "no" if self.discriminator is None else "a"
            raise ValueError(
                f"{type(self).__name__}.compile(discriminator_optimizer=...) is required if and "
                f"only if there is a discriminator: this model has {has} discriminator; got "
                f"{discriminator_optimizer!r}."
            )
        if self.discriminator is not None:
            pair = map(keras.optimizers.get, (optimizer, discriminator_optimizer))
            optimizer = PairedOptimizer(*pair, self.discriminator.trainable_variables)
            optimizer.build(self.trainable_variables)
        super().compile(optimizer, **kwargs)
