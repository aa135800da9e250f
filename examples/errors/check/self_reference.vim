# A name is defined once, not updated.
x = 1
x = x + 1
y ~ Normal(x, 1)
