# A group that is a column of measurements.
sigma ~ HalfNormal(1)
y ~ Normal(lm(1 + (1 | y)), sigma)
