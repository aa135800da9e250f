# Terms that are no columns of numbers or levels.
sigma ~ HalfNormal(1)
y ~ Normal(lm(2 + log(person) + s(night) + night * (1 | person) + (0 | person)), sigma)
