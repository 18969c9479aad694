"""`python -m npuport`."""

import sys

from npuport.cli import main

sys.exit(main())
