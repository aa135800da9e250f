# Butterflies on meadows: species that may be there, meadows that they may live on, visits that may find them.

alpha  ~ Cauchy(0, 2.5)
beta   ~ Cauchy(0, 2.5)
omega  ~ Beta(2, 2)
tau[2] ~ HalfNormal(1.5)
## log odds that a species lives on a meadow, and that a visit finds it there
common[nrow(found)]    ~ Normal(alpha, tau[1])
easy[nrow(found)]      ~ Normal(beta, tau[2])
available[nrow(found)] ~ Bernoulli(omega)
for i in 1:nrow(found) {
  found[i] ~ zero_inflated(
    1 - available[i] * inv_logit(common[i]),
    Binomial(visits, logit = easy[i]),
  )
}
