"""From drone imagery to a map of earthquake damage."""

import sys

# OpenVINO tells its makers over the internet when it is used, unless this module is missing. Nobody is told
# anything from here, so it always is.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
