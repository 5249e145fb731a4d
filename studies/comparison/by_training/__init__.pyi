from .training import compare_by_training as compare_by_training
