# Probability and logit are two ways to say one thing.
p ~ Beta(1, 1)
y ~ Bernoulli(p = p, logit = 0)
