"""The same thing on several venues: markets matched by name, prices and trades held against one another."""
