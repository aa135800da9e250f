# An observation that is an argument of its own distribution.
a ~ Normal(0, 1)
y ~ Normal(a + y, 1)
