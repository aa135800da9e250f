# How long a draw is must be known.
K ~ Poisson(3)
L ~ LkjCholesky(K, 1)
factor L[1, 1]
