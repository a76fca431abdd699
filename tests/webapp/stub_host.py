"""A host name that is longer than pgmq's queue names may be."""

LONG_NAME = "a-machine-whose-name-is-longer-than-any-queue-name-may-be-ever"
