# Whether households change to a safe well: distance and arsenic with their product, and education.

far      = center(dist / 100)
ars      = center(arsenic)
b[5]     ~ Flat()
switched ~ Bernoulli(logit = cbind(1, far, ars, far * ars, educ / 4) @ b)
