"""What runs feeds day and night, and watches that they, and the watch itself, are well."""
