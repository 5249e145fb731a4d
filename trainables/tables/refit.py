"""One small model in the place of many: a config fitted again, on all training rows."""
