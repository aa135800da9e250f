# A table of schools joined to one of pupils: some schools have no pupils.
b ~ Normal(0, 1)
level[school] ~ Normal(b * funding, 5)
score ~ Normal(level[school], 10)
