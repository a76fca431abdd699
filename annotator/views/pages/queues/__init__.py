"""The Queues pages and their forms."""
