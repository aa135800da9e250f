# A dose is no grouping.
a[dose] ~ Normal(0, 1)
y ~ Normal(a[dose], 1)
