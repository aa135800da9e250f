# Plates in one statement, elements in another.
z[10] ~ Normal(0, 1)
z[1] ~ Normal(0, 5)
y ~ Normal(z, 1)
