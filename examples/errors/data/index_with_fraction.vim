# A group is a whole number.
a[2] ~ Normal(0, 1)
y ~ Normal(a[group], 1)
