"""What GDAL says when something is not its input's fault. Pure."""

import re

# Of a full disk; why it could not write, it tells only its log.
GDAL_WRITES = re.compile(r"write (error|failed)|failed to write|error while writing", re.IGNORECASE)
