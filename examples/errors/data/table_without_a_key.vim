# A table of schools joined to one of pupils: they have no column in common.
b ~ Normal(0, 1)
level[school] ~ Normal(b * funding, 5)
score ~ Normal(level[school], 10)
