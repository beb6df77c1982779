"""The pages of what is seen over time: figures counted by the worker (app/insights), buyers by segment, bringing them back."""
