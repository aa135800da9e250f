# R's names with dots.
y ~ Normal(sepal.length, 1)
