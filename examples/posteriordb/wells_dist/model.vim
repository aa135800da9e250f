# Whether households change to a safe well, by its distance in metres.

base     ~ Flat()
slope    ~ Flat()
switched ~ Bernoulli(logit = base + slope * dist)
