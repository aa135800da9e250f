# Which of many inputs matter: a horseshoe prior whose widest coefficients are held by a slab.

base            ~ Normal(0, 5)
z[ncol(x)]      ~ Normal(0, 1)
lambda[ncol(x)] ~ HalfCauchy(1)
tau             ~ HalfCauchy(0.5)
slab2           ~ InverseGamma(2, 8)
beta            = z * tau * lambda * sqrt(slab2 / (slab2 + tau^2 * lambda^2))
y               ~ Bernoulli(logit = base + x @ beta)
