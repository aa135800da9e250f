# Whether households change to a safe well: distance, arsenic and their product, from their means.

far      = center(dist / 100)
ars      = center(arsenic)
b[4]     ~ Flat()
switched ~ Bernoulli(logit = cbind(1, far, ars, far * ars) @ b)
