"""Linear heads as a layer of Keras's, for whole networks and for fine-tuning."""

from dataclasses import replace

import numpy as np

from training.networks.heads.linear import LinearHead
from training.networks.quiet_tensorflow import keras, layers


def keras_head(head: LinearHead) -> keras.Model:
    """The head as a model: features (N, F) to probabilities (N, 2) of "no" and "yes"."""
    standardise = layers.Normalization(mean=head.mean, variance=head.variance, name="standardise")
    outputs = layers.Dense(
        2, activation="softmax", kernel_regularizer=keras.regularizers.L2(head.l2), name="softmax"
    )
    inputs = layers.Input(head.mean.shape, name="features")
    model = keras.Model(inputs, outputs(standardise(inputs)), name="head")
    # Half towards "yes" and half away from "no", as softmax learns them from nothing.
    halves = np.array([-0.5, 0.5])
    outputs.set_weights([head.weights[:, None] * halves, head.bias * halves])
    return model


def learnt_head(model: keras.Model, head: LinearHead) -> LinearHead:
    """The head that `keras_head` made a model of, with what the model has learnt since."""
    kernel, biases = (np.asarray(values, np.float64) for values in model.get_layer("softmax").get_weights())
    return replace(head, weights=kernel[:, 1] - kernel[:, 0], bias=float(biases[1] - biases[0]))
