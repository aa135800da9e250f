# A table of schools joined to one of pupils: two schools have no row.
b ~ Normal(0, 1)
level[school] ~ Normal(b * funding, 5)
score ~ Normal(level[school], 10)
