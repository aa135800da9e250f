# Seeds that germinate on plates, of two kinds in two extracts; plates vary beyond chance.

base   ~ Normal(0, 1000)
b_kind ~ Normal(0, 1000)
b_root ~ Normal(0, 1000)
b_both ~ Normal(0, 1000)
## spread of the plates
tau         ~ HalfCauchy(1)
plate[rows] ~ Normal(0, tau)
germinated  ~ Binomial(
  planted,
  logit = base + b_kind * kind + b_root * root + b_both * kind * root + plate,
)
