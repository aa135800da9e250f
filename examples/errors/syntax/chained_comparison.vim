# Comparisons do not chain.
inside = 0 < x < 1
y ~ Normal(inside, 1)
