# Whether households change to a safe well: the more arsenic, the less its distance may count.

far      = dist / 100
b[4]     ~ Flat()
switched ~ Bernoulli(logit = cbind(1, far, arsenic, far * arsenic) @ b)
