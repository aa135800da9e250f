# A number that the data leave out.
m ~ Normal(0, prior_sd)
y ~ Normal(m, 1)
