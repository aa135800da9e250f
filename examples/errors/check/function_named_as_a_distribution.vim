b ~ Normal(0, 1)
y ~ Bernoulli(logistic(b * x))
