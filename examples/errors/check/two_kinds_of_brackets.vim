# Plates in one statement, elements in another.
z[county] ~ Normal(0, 1)
z[1] ~ Normal(0, 5)
y ~ Normal(z[county], 1)
