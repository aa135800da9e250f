# Shares sum to 1: some of them cannot be missing while others are known.
a      ~ Exponential(1)
shares ~ Dirichlet([a, a, a])
