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
    "label": "give the records of steps a 'label': +1, −1, or true and false",
    "ref_scores": "give the problem's record 'ref_scores', the scores of reference answers",
    "scores": "give the records of steps 'scores', one of each reward model",
    "checks": "give the records of steps 'checks': +1 right, −1 wrong, 0 undecided",
    "tests": "give the record of each trace's end 'tests', a list of passed and failed",
    "calls": "give the records of steps 'calls', a list of tool calls with name and parameters",
    "gold_calls": "give the problem's record 'gold_calls', the tool calls of a reference solution",
    "kg_path": "give the problem's record a 'kg_path', text or a list of triples",
    "logp": "give the records of steps 'logp', token log-probabilities of the policy, or their sum",
    "logp_ref": "give the records of steps 'logp_ref', log-probabilities of the reference policy",
    "logp_better": "give the records of steps 'logp_better', token log-probabilities after a prompt for a better answer",
    "logp_worse": "give the records of steps 'logp_worse', token log-probabilities after a prompt for a worse answer",
    "answer_logp": "give the problem's and steps' records 'answer_logp', the reference answer's log-probability right after",
    "value_tokens": "give the records of steps 'value_tokens', a critic's value before each token",
    "critiques": "give the record of each trace's end 'critiques', lists of the ids of wrong steps",
    "first_error": "give the record of each trace's end a 'first_error', the id of its first wrong step or false",
    "attribution": "give the records of steps an 'attribution', a judge's share of the outcome",
}


def hint_for(name: str) -> str:
    """Return the way to get an input, in words."""
    return INPUTS.get(name, f"give each record a '{name}'")
