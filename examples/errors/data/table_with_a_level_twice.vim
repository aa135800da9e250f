# A table of schools joined to one of pupils: a school has two rows.
b ~ Normal(0, 1)
level[school] ~ Normal(b * funding, 5)
score ~ Normal(level[school], 10)
