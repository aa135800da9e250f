# Counts whose sum is not the number of draws that n gives.
theta ~ Dirichlet([1, 1, 1])
votes ~ Multinomial(n, theta)
