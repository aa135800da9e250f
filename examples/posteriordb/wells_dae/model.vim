# Whether households change to a safe well, by its distance, the arsenic in their own, and education.

b[4]     ~ Flat()
switched ~ Bernoulli(logit = cbind(1, dist / 100, arsenic, educ / 4) @ b)
