"""Labelled documents in, weights and scores out: how the extractor's decisions are trained and measured."""
