"""How good the answers are: tasks, metrics, intervals, and how figures are reported."""
