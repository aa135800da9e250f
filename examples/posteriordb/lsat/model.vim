# Five questions of a test for law schools: one slope for all, a level for each.

slope           ~ HalfNormal(100)
hard[item]      ~ Normal(0, 100)
ability[person] ~ Normal(0, 1)
right           ~ Bernoulli(logit = slope * ability[person] - hard[item])
## levels around their mean
relative = center(hard)
