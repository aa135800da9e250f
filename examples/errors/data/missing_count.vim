# A count that is missing in a predictor has no model.
a ~ Normal(0, 1)
y ~ Normal(a * x, 1)
