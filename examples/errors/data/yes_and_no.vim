# An outcome in words.
p ~ Beta(1, 1)
bought ~ Bernoulli(p)
