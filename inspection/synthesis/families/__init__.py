"""The families of parts, a group a file."""
