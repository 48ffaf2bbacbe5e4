"""The engine process: takes batches of events, journals them, watches them, and hands alerts to the store."""
