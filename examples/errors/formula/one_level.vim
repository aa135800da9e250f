# A column with the same word in every row.
sigma ~ HalfNormal(1)
y ~ Normal(lm(night + place), sigma)
