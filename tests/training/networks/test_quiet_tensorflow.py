"""TensorFlow's lines about itself, as it wrote them on a machine without a GPU, are left out; others are not."""

from training.networks.quiet_tensorflow import without_start_up_lines

SAID = b"""WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795778412.245786   14863 cudart_stub.cc:31] Could not find cuda drivers on your machine.
Photos:  50%
E0000 00:00:1795778431.013436   14863 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.
IndexError: I0000 is no more
"""


def test_only_start_up_lines_are_left_out():
    assert without_start_up_lines(SAID) == b"Photos:  50%\nIndexError: I0000 is no more\n"
