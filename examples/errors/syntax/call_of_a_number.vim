# Only a name is called.
b ~ Normal(0, 1)
y ~ Normal(2(b + 1), 1)
