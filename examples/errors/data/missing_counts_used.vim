# Counts without an upper end cannot be summed out where another statement uses them.
children ~ Poisson(2)
b        ~ Normal(0, 1)
income   ~ Normal(b * children, 1)
