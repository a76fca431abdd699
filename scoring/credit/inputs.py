"""The inputs of credit methods, each with the way to get it."""

from __future__ import annotations

# Inputs that methods name in ``needs``, each with the way to get it. A name that is not listed
# here is an extra column of the records.
INPUTS = {
    "outcome": "import traces with outcomes, or set them in the inspector",
    "score": "import step scores, or score the project with a reward model",
    "state": "import traces with environment states",
    "level": "mark steps as plan or execute",
    "agent": "import traces that name the agent of each step",
    "value": "import a search tree with node values",
    "visits": "import a search tree with visit counts",
}
