# More draws without replacement than there are in the population.
p ~ Beta(1, 1)
marked ~ Hypergeometric(12, 5, 6)
y ~ Bernoulli(p)
