# Dogs that learn to avoid a shock: log odds by the shocks and the escapes so far.

b[3]    ~ Normal(0, 100)
shocks  = cumsum(shocked, axis = 2) - shocked
avoided = cumsum(1 - shocked, axis = 2) - (1 - shocked)
shocked ~ Bernoulli(logit = b[1] + b[2] * avoided + b[3] * shocks)
