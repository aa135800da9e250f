# Without data: a name that is close to one in the file.
intercept ~ Normal(0, 1)
y ~ Normal(intercpt, 1)
