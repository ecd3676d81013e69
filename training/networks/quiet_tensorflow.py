"""TensorFlow and Keras, loaded without what they say of their build and of missing GPUs before logging is set up.

These lines go straight to the process's standard error, so it is turned aside while they are loaded; what is none of
them follows afterwards, and an error that ends the loading is raised as ever. Every other module takes both from here.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# absl's lines: a letter for the severity, month and day, the time, where it comes from.
START_UP = re.compile(
    rb"^(WARNING: All log messages before absl::InitializeLog\(\).*"
    rb"|[IWE]\d{4} \d\d:\d\d:\d+\.\d+.*"
    rb"|To enable the following instructions: .*)\n?",
    re.MULTILINE,
)
STDERR = 2


@contextmanager
def _without_start_up_lines() -> Iterator[None]:
    try:
        kept = os.dup(STDERR)
    except OSError:  # it is closed: nobody hears them
        yield
        return
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
            said.seek(0)
            os.write(STDERR, without_start_up_lines(said.read()))


def without_start_up_lines(said: bytes) -> bytes:
    """What was said, less TensorFlow's lines about itself."""
    return START_UP.sub(b"", said)


with _without_start_up_lines():
    import keras
    import tensorflow
    from keras import layers, ops

    tensorflow.config.list_physical_devices()  # which looks for GPUs, and tells where there are none

__all__ = ["keras", "layers", "ops", "tensorflow"]
