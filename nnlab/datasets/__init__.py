"""Data to train on, split into training, validation and test data before anybody looks at them.

data: digits and toy problems. tasks: some of their classes, or few of their samples. fashion: Fashion-MNIST, for which
downloads fetches files once and checks them, and idx reads their format. in_memory: the forms in which people have data
of their own.
"""
