"""One file per model of ranked preferences; ``scoring.preference.registry`` has their rows."""
