# A term that is neither a column nor defined.
sigma ~ HalfNormal(1)
y ~ Normal(lm(1 + nigth + (1 | person)), sigma)
