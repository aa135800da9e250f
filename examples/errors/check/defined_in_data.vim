# A definition of what the data hold already.
x = 2 * y
y ~ Normal(0, 1)
