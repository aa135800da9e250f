# Some rows belong to no group that is known.
alpha[group] ~ Normal(0, 1)
y            ~ Normal(alpha[group], 1)
