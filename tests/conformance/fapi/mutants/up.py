"""`bezant up`, as it is, but for the workers: theirs is the module beside this one.

The first argument is the switch's file; the others are the command's.
"""

import os
import sys
from pathlib import Path

from bezant.cli import main
from bezant.server import workers

if __name__ == "__main__":
    _, switch, *arguments = sys.argv
    os.environ["FAPI_MUTANTS"] = switch
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[3])
    # A frozen one, which is a default in several places.
    object.__setattr__(workers.WORKER, "module", "conformance.fapi.mutants.worker")
    sys.argv[1:] = arguments
    main()
