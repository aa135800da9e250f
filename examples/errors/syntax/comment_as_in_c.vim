// Stan's comments
y ~ Normal(0, 1)
