# Priors of an intercept and of correlations, without either.
sigma ~ HalfNormal(1)
y ~ Normal(lm(0 + night, intercept = Normal(0, 1), cor = LkjCorr(2)), sigma)
