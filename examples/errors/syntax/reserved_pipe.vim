# One bar is kept for formulas.
a = x > 1 | x < -1
y ~ Normal(a, 1)
