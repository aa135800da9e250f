# Dogs that learn to avoid a shock: each shock and each escape multiplies the chance of the next shock.

a       ~ Uniform(0, 1)
b       ~ Uniform(0, 1)
shocks  = cumsum(shocked, axis = 2) - shocked
avoided = cumsum(1 - shocked, axis = 2) - (1 - shocked)
## the first trial is certain
shocked[:, 2:] ~ Bernoulli(a^shocks[:, 2:] * b^avoided[:, 2:])
