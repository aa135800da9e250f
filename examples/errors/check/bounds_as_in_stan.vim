# A bound is not an argument, and a half distribution has no location.
b ~ Normal(0, 1, lower = 0)
s ~ HalfCauchy(0, 5)
y ~ Normal(b, s)
