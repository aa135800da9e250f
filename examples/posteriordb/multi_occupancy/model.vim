# Butterflies on meadows: species that may be there, meadows that they may live on, visits that may find them.

alpha  ~ Cauchy(0, 2.5)
beta   ~ Cauchy(0, 2.5)
omega  ~ Beta(2, 2)
tau[2] ~ HalfCauchy(2.5)
L      ~ LkjCholesky(2, 2)
## log odds that a species lives on a meadow, and that a visit finds it there
uv[nrow(found)]        ~ MvNormal([alpha, beta], chol = diag(tau) @ L)
available[nrow(found)] ~ Bernoulli(omega)
for i in 1:nrow(found) {
  found[i] ~ zero_inflated(
    1 - available[i] * inv_logit(uv[i, 1]),
    Binomial(visits, logit = uv[i, 2]),
  )
}
