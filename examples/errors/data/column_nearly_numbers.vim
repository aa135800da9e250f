# One cell is not a number, so the column is not one of numbers.
b ~ Normal(0, 1)
y ~ Normal(b * x, 1)
