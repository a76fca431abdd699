"""The log of judgements: events, the rows that follow from them, undo, restore and rebuild."""
