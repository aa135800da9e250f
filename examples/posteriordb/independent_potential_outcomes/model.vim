# A randomised trial in which the treatment may change the spread of the outcome, not only its mean.

control ~ Normal(0, 100)
## mean effect of the treatment
effect ~ Normal(0, 100)
## spread without and with the treatment
sigma[2] ~ HalfNormal(100)
outcome  ~ Normal(control + effect * treated, sigma[1 + treated])
## effect on the upper quartile
upper_effect = quantile(Normal(control + effect, sigma[2]), 0.75)
  - quantile(Normal(control, sigma[1]), 0.75)
