"""The command line in parts: what `tapewatch.py` puts together."""
