"""How large scenes and their subjects are, in pixels: as large as the larger of the two squares that the engine looks at. Another
side by CUTOUT_SIDE, for all scripts alike: pools are of the side that they were made with."""

import os

SIDE = int(os.environ.get("CUTOUT_SIDE", "320"))
