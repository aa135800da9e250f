# Whether households change to a safe well, by its distance in hundreds of metres.

base     ~ Flat()
slope    ~ Flat()
switched ~ Bernoulli(logit = base + slope * dist / 100)
