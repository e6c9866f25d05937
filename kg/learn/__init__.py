"""Fitting the models from annotated documents; nothing here is needed to use them."""
