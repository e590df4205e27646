"""Data to train on, split into training, validation and test data before anybody looks at them.

data: digits and toy problems. photographs: where a pixel is, and its colour. tasks: some classes, or few samples, of
other data. fashion: Fashion-MNIST, for which downloads fetches files once and checks them, and idx reads their format.
in_memory: the forms in which people have data of their own.
"""
