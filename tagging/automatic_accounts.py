"""Accounts that nobody can log in to, whose tags no person gave: they teach models, and are no part of the crowd."""

IMPORTER = "importer"  # the imported labels are its tags
UNDAMAGED = "undamaged"  # squares that are "no" because their ground is known to be undamaged are its tags
AUTOMATIC = (IMPORTER, UNDAMAGED)
