# Dogs that learn to avoid a shock: each escape lowers and each shock raises the log odds.

b_avoided ~ Uniform(-100, 0)
b_shocks  ~ Uniform(0, 100)
shocks    = cumsum(shocked, axis = 2) - shocked
avoided   = cumsum(1 - shocked, axis = 2) - (1 - shocked)
shocked   ~ Bernoulli(logit = b_avoided * avoided + b_shocks * shocks)
