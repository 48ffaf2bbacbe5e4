"""What the data says: event schema, readers, order, folds and feature families. Pure: no clock, no network."""
