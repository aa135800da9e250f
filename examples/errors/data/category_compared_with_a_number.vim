# A category has words, not numbers.
b ~ Normal(0, 1)
y ~ Normal(b * (county == 1), 1)
