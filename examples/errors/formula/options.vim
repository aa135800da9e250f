# Priors of what the formula has not.
sigma ~ HalfNormal(1)
y ~ Normal(lm(0 + night, priors = Normal(0, 1), intercept = Normal(0, 1), cor = Normal(0, 1)), sigma)
