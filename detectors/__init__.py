"""Boxes in pictures: detector, gallery graph, relations."""
