# The sum of a vector of 3 and one of 2.
b[3] ~ Normal(0, 1)
a[2] ~ Normal(0, 1)
y ~ Normal(a + b, 1)
