# Two names, each defined by the other.
a = 2 * b
b = a + 1
y ~ Normal(b, 1)
