# Columns that are made of others.
sigma ~ HalfNormal(1)
y ~ Normal(lm(night + I(7 - night)), sigma)
