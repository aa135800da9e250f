# A column with the same number in every row.
sigma ~ HalfNormal(1)
y ~ Normal(lm(night + I(night - night + 1)), sigma)
