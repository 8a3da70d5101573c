"""A small shop drawn by a program: catalogue, pictures, ground truth, queries and judgements."""
