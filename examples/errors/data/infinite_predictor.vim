b ~ Normal(0, 1)
sick ~ Bernoulli(logit = b * dose)
