# The left side of a formula in R.
sigma ~ HalfNormal(1)
y ~ Normal(lm(y ~ 1 + night), sigma)
