# Losses of insurers grow over the years towards a share of the premium that differs between cohorts.

mu                  ~ Normal(0, 0.5)
tau                 ~ LogNormal(0, 0.5)
share[len(premium)] ~ LogNormal(mu, tau)
noise               ~ LogNormal(0, 0.7)
omega               ~ LogNormal(0, 0.5)
theta               ~ LogNormal(0, 0.5)
grown               = year^omega / (year^omega + theta^omega)
loss                ~ Normal(share[cohort] * premium[cohort] * grown, noise * premium[cohort])
