# Nothing leaves 0 with probability 1.
mu ~ Normal(0, 1)
hit ~ Bernoulli(1)
