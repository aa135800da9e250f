# A group number beyond the groups.
a[3] ~ Normal(0, 1)
y ~ Normal(a[group], 1)
