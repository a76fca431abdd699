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
    "step_reward": "give the records of steps a 'step_reward'",
    "budget_scores": "give the record of each trace's end 'budget_scores', one per budget",
    "retry_of": "give the record of a retry's end 'retry_of', the id of the original's end",
    "plan_id": "give the records of plans, or of the traces' ends, a 'plan_id'",
    "critic": "give the records of steps 'critic', a critic's value of the state before the step",
    "critic_high": "give the records of steps 'critic_high', the upper critic's value before the step",
}


def hint_for(name: str) -> str:
    """Return the way to get an input, in words."""
    return INPUTS.get(name, f"give each record a '{name}'")
