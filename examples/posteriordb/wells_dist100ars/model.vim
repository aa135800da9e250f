# Whether households change to a safe well, by its distance and the arsenic in their own.

base      ~ Flat()
b_dist    ~ Flat()
b_arsenic ~ Flat()
switched  ~ Bernoulli(logit = base + b_dist * dist / 100 + b_arsenic * arsenic)
