# Rain on each day of two seasons. Shows: dry days with a probability of their own, amounts on the others.

## log odds of a dry day
dry[season] ~ Normal(0, 2)
## mean of a wet day in mm
wet[season] ~ LogNormal(1, 1)
## of a wet day's rain, relative to its mean
cv ~ HalfNormal(2)
mm ~ hurdle(inv_logit(dry[season]), Gamma(mean = wet[season], sd = cv * wet[season]))

p_dry = inv_logit(dry)
