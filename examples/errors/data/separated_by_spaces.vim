# A table without commas.
mu ~ Normal(0, 10)
