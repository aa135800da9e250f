# An outcome coded 1 and 2.
p ~ Beta(1, 1)
y ~ Bernoulli(p)
