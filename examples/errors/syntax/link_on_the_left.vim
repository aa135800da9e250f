# A link on the left, as in BUGS.
a ~ Normal(0, 1)
logit(p) = a * x
log(mu) <- a * x
y ~ Bernoulli(p)
