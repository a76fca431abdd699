"""Queues: made, built, served under leases, and what becomes of the answers."""

from annotator.services.queues.answers import (
    assignment_return,
    assignment_skip,
    assignment_submit,
)
from annotator.services.queues.control import (
    item_assign,
    member_leases_return,
    queue_delete,
    queue_state_set,
)
from annotator.services.queues.creation import QueueWish, queue_create
from annotator.services.queues.leases import (
    assignment_heartbeat,
    assignment_retake,
    draft_save,
    item_next,
)

__all__ = [
    "QueueWish",
    "assignment_heartbeat",
    "assignment_retake",
    "assignment_return",
    "assignment_skip",
    "assignment_submit",
    "draft_save",
    "item_assign",
    "item_next",
    "member_leases_return",
    "queue_create",
    "queue_delete",
    "queue_state_set",
]
