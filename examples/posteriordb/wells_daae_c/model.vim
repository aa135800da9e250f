# Whether households change to a safe well: as for distance, arsenic and education, and members of associations.

far      = center(dist / 100)
ars      = center(arsenic)
b[6]     ~ Flat()
switched ~ Bernoulli(logit = cbind(1, far, ars, far * ars, assoc, educ / 4) @ b)
