"""A whole line on a manual clock that anything can be made to go wrong with. `faults.py` names what."""
