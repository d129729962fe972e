"""The kinds of defect, a group a file."""
