"""``python -m ros2cli_embedded`` is `ros2`."""

import sys

from ros2cli_embedded.main import main

sys.exit(main())
