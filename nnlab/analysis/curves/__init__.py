"""What a training curve and a validation curve tell.

moments: curves out of a history or a log, at the same moments. measures: levels, gaps, trends and noise. diagnosis:
names what they show, and says how often it is right on real runs. curve_families: made-up curves for practice.
"""
