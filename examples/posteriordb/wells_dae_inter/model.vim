# Whether households change to a safe well: distance, arsenic and education with all products of two.

far      = center(dist / 100)
ars      = center(arsenic)
edu      = center(educ / 4)
b[7]     ~ Flat()
switched ~ Bernoulli(logit = cbind(1, far, ars, edu, far * ars, far * edu, ars * edu) @ b)
