# A column of words is not a number.
b ~ Normal(0, 1)
y ~ Normal(b * county, 1)
