# The left of = between arguments is a name.
y ~ Normal(0, 1 = 2)
