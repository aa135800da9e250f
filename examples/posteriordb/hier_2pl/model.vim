# Answers to questions whose log slopes and difficulties are drawn together, with a correlation.

mu              ~ Normal(0, [1, 2])
tau[2]          ~ LogNormal(-0.5, 0.5)
L               ~ LkjCholesky(2, 4)
ability[person] ~ Normal(0, 1)
xi[item]        ~ MvNormal(mu, chol = diag(tau) @ L)
right           ~ Bernoulli(logit = exp(xi[item, 1]) * (ability[person] - xi[item, 2]))
correlation     = L[2, 1]
