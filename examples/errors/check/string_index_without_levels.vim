# Only dimensions with levels are indexed by name.
b[3] ~ Normal(0, 1)
y ~ Normal(b["first"], 1)
